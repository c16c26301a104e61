import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given } from '../layers/matrix-model.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { describeTurns } from './turns.js';

const few = (rows: object, names: string[]) => Object.fromEntries(Object.entries(rows).filter(([n]) => names.includes(n)).map(([n, { make, ...m }]) => [n, { ...m, make: () => make(given) }]));
describeTurns({ ...few(CONVOLUTIONS, ['dense', 'conv3d', 'conv1d', 'conv2d, channels first']), ...few(RECURRENT, ['lstm', 'gru']) } as never);
