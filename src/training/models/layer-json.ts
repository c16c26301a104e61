/** A layer, or a model, in the JSON of a model, before anything in it is known. */
export interface LayerJson {
  readonly [key: string]: unknown;
}

const CALLED_ONCE: readonly unknown[] = ['InputLayer', 'Sequential', 'Functional', 'Model'];

export function isObject(value: unknown): value is LayerJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether there is a call before the first one of the model around it: the one that made its own outputs. */
export function isCalledOnce({ class_name: className, config }: LayerJson): boolean {
  return CALLED_ONCE.includes(className) || (isObject(config) && Array.isArray(config.layers));
}
