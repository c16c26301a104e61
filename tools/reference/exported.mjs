/** One export of an entry point as Markdown: its signature, what it does, its options or members, its examples. */
import ts from 'typescript';
import { commentOf, fileComment } from './comments.mjs';
import { paragraphs, wrapLinks } from './prose.mjs';
import { headOf, isPublic, signatureOf } from './signatures.mjs';

/** Renders the exports of one page. */
export class Exported {
  #sources;
  #onPage;
  #elsewhere;
  #unnamed = new Map();

  /** @param onPage What has a section on this page. @param elsewhere The pages of what has one on another. */
  constructor(sources, onPage, elsewhere) {
    this.#sources = sources;
    this.#onPage = onPage;
    this.#elsewhere = elsewhere;
  }

  /** The sections of types that occur in the signatures so far and cannot be imported. */
  unnamed() {
    const sections = new Map();
    for (const [name, declarations] of this.#unnamed) sections.set(name, this.section(name, declarations));
    return [...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, section]) => section);
  }

  section(name, declarations) {
    const [node] = declarations;
    const body = ts.isClassDeclaration(node)
      ? this.#class(name, node)
      : ts.isInterfaceDeclaration(node)
        ? this.#interface(node)
        : ts.isTypeAliasDeclaration(node)
          ? this.#alias(node)
          : this.#function(declarations);
    return join([`### ${name}`, ...body]);
  }

  #function(declarations) {
    const functions = declarations.filter(ts.isFunctionDeclaration);
    if (functions.length === 0) {
      const [constant] = declarations;
      return [code(`const ${signatureOf(constant)}`), ...said(constant.parent.parent), this.#links(constant)];
    }
    return this.#callable(functions);
  }

  /** If there are overloads, they are shown and the implementation is not. */
  #callable(functions, prefix = '') {
    const shown = functions.length > 1 ? functions.filter(one => !one.body) : functions;
    const signatures = shown.map(one => prefix + signatureOf(one));
    return [code(signatures.join('\n')), ...unique(functions.flatMap(said)), this.#links(...shown)];
  }

  #class(name, node) {
    const members = this.#membersOf(node).filter(isPublic);
    const isAbstract = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Abstract) !== 0;
    const made = isAbstract ? [] : members.filter(one => ts.isConstructorDeclaration(one) && this.#isForCallers(one));
    const rest = members.filter(one => !ts.isConstructorDeclaration(one) && !isTheirs(one));
    const methods = rest.filter(ts.isMethodDeclaration);
    const properties = rest.filter(one => !ts.isMethodDeclaration(one) && !isSetterOfPair(one, rest));
    const sections = unique(methods.map(memberName)).map(member => {
      const same = methods.filter(one => memberName(one) === member);
      return join([`#### ${name}: ${same[0].name.getText()}`, ...this.#callable(same)]);
    });
    // A file that is about one class describes it in the comment at its top.
    const own = said(node);
    return [
      code(headOf(node)),
      ...(own.length > 0 ? own : [paragraphs(fileComment(node.getSourceFile()))]),
      ...(made.length > 0 ? this.#constructors(name, made) : []),
      ...(properties.length > 0 ? ['Properties:', this.#list(properties), this.#links(...properties)] : []),
      ...sections,
    ];
  }

  /** A constructor with a parameter whose type a program cannot import is only for this package. */
  #isForCallers(made) {
    const isExported = name => this.#onPage.has(name.getText()) || this.#elsewhere.has(name.getText());
    return typeNames(made.parameters).every(name => isExported(name) || !this.#ownType(name));
  }

  #constructors(name, made) {
    const shown = made.length > 1 ? made.filter(one => !one.body) : made;
    const signatures = shown.map(one => signatureOf(one).replace(/^constructor/, `new ${name}`));
    return [code(signatures.join('\n')), ...unique(made.flatMap(said)), this.#links(...shown)];
  }

  /** The node's own members, then those of base classes that have no section here. */
  #membersOf(node) {
    const own = [...node.members];
    const names = new Set(own.map(one => one.name?.getText()));
    for (const base of this.#bases(node)) {
      const isMissing = one => !ts.isConstructorDeclaration(one) && !isOverride(one) && !names.has(one.name?.getText());
      own.push(...this.#membersOf(base).filter(isMissing));
    }
    return own;
  }

  #bases(node) {
    return (
      (node.heritageClauses ?? [])
        .filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
        .flatMap(({ types }) => [...types])
        .filter(({ expression }) => !this.#onPage.has(expression.getText()))
        // An interface also lists the options of its base on another page; a class does not list those of its base
        // class.
        .filter(({ expression }) => ts.isInterfaceDeclaration(node) || !this.#elsewhere.has(expression.getText()))
        .flatMap(({ expression }) => this.#sources.declarationsOf(expression))
        .filter(one => ts.isClassDeclaration(one) || ts.isInterfaceDeclaration(one))
    );
  }

  #interface(node) {
    const isPlain = !node.heritageClauses && !node.typeParameters;
    const list = this.#list(this.#membersOf(node).filter(isPublic));
    return [isPlain ? '' : code(headOf(node)), ...said(node), list, this.#links(node)];
  }

  #alias(node) {
    const literals = literalsOf(node.type);
    const list = literals.flatMap(literal => [...literal.members]).filter(member => commentOf(member).text !== '');
    return [code(signatureOf(node)), ...said(node), this.#list(list), this.#links(node)];
  }

  #list(members) {
    return members
      .map(member => {
        const { text, throws } = commentOf(member);
        const signature = plainSignature(member).replace(/\s+/g, ' ');
        const body = [text, ...throws.map(one => `Throws ${one}`)].filter(Boolean).join('\n\n');
        return `- ${paragraphs(`\`${signature}\`${body === '' ? '' : `: ${body}`}`, '  ').trimStart()}`;
      })
      .join('\n');
  }

  /** Links to where the types of a signature are explained. */
  #links(...nodes) {
    const own = nodes.map(node => node.name?.getText());
    const links = typeNames(nodes)
      .filter(name => !own.includes(name.getText()))
      .map(name => this.#link(name));
    const known = unique(links.filter(link => link !== ''));
    return known.length === 0 ? '' : wrapLinks(`See ${known.join(', ')}.`);
  }

  #link(node) {
    const name = node.getText();
    const link = page => `[${name}](${page}#${name.toLowerCase()})`;
    if (this.#onPage.has(name)) return link('');
    if (this.#elsewhere.has(name)) return link(this.#elsewhere.get(name));
    const declared = this.#ownType(node);
    if (!declared) return '';
    this.#unnamed.set(name, [declared]);
    return link('');
  }

  /** The declaration of a type of this package; none if another package declares it. */
  #ownType(name) {
    const [declared] = this.#sources.declarationsOf(name);
    return declared && (ts.isInterfaceDeclaration(declared) || isOwnAlias(declared)) ? declared : undefined;
  }
}

/** The names of types, wherever they stand in the signatures. */
function typeNames(nodes) {
  const names = [];
  const visit = node => {
    if (ts.isBlock(node) || ts.isJSDoc(node)) return;
    if (ts.isTypeReferenceNode(node)) names.push(node.typeName);
    if (ts.isExpressionWithTypeArguments(node)) names.push(node.expression);
    ts.forEachChild(node, visit);
  };
  for (const node of nodes) ts.forEachChild(node, visit);
  return names;
}

/** Whether the alias is more than a name for what another package declares. */
function isOwnAlias(node) {
  if (!ts.isTypeAliasDeclaration(node)) return false;
  const isNamed = ts.isTypeReferenceNode(node.type) || ts.isTypeQueryNode(node.type) || ts.isImportTypeNode(node.type);
  return !isNamed && !ts.isIndexedAccessTypeNode(node.type);
}

/** Whether a class of TensorFlow.js declares the member, and ours only implements it. */
function isTheirs(member) {
  return isOverride(member) && commentOf(member).text === '';
}

function isOverride(member) {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Override) !== 0;
}

function isStatic(member) {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
}

/** The signature of a property with its value if that is a text, otherwise with its type. */
function plainSignature(member) {
  const signature = signatureOf(member);
  if (!ts.isPropertyDeclaration(member)) return signature;
  const value = member.initializer;
  return value && ts.isStringLiteral(value) ? signature : signature.replace(/\s*=[^>].*$/s, '');
}

function isSetterOfPair(member, all) {
  const name = memberName(member);
  return ts.isSetAccessor(member) && all.some(one => ts.isGetAccessor(one) && memberName(one) === name);
}

function join(parts) {
  return parts.filter(part => part !== '').join('\n\n');
}

function memberName(member) {
  return (isStatic(member) ? 'static ' : '') + member.name.getText();
}

function literalsOf(type) {
  if (ts.isTypeLiteralNode(type)) return [type];
  return ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type) ? type.types.flatMap(literalsOf) : [];
}

function said(node) {
  const { text, throws, examples } = commentOf(node);
  return [
    paragraphs(text),
    ...throws.map(one => paragraphs(`Throws ${one}`)),
    ...examples.map(example => (example.startsWith('```') ? example : code(example, 'js'))),
  ].filter(part => part !== '');
}

function unique(parts) {
  return [...new Set(parts)];
}

function code(text, language = 'ts') {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
