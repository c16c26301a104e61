/** JSON for Python, which tells whole numbers from others: Keras refuses `"momentum": 0` and `"learning_rate": 1`. */

/** Options whose numbers Keras wants to have a fraction. */
const FRACTIONS: ReadonlySet<string> = new Set([
  ...['learning_rate', 'initial_learning_rate', 'decay_rate', 'momentum', 'rho', 'beta_1', 'beta_2', 'epsilon'],
  ...['weight_decay', 'clipnorm', 'clipvalue', 'global_clipnorm', 'initial_accumulator_value', 'initial_scale'],
  ...['end_learning_rate', 'alpha', 'power', 't_mul', 'm_mul', 'warmup_target'],
]);

/** A number that is not a whole one, whatever its value. */
export class Fraction {
  constructor(readonly value: number) {}
}

export function pythonJson(value: unknown, key = ''): string {
  if (value instanceof Fraction) return fraction(value.value);
  if (typeof value === 'number' && FRACTIONS.has(key)) return fraction(value);
  if (Array.isArray(value)) return `[${value.map(item => pythonJson(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}: ${pythonJson(item, name)}`).join(', ')}}`;
}

function fraction(value: number): string {
  const text = JSON.stringify(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
