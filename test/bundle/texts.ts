/** Strings that are easily spoilt: empty, of several bytes a character, with a zero, with a byte order mark. */
export const TEXTS = ['', 'größe', '日本', '\ud83d\ude00', 'a\0b', '\ufeffmark'];
