/** One line of text for each error: `layer 2: ERR_SSL_…: what happened`. */

interface Details {
  readonly code?: unknown;
  readonly layer?: unknown;
}

export function describeError(error: unknown): string[] {
  // Several addresses of one host refused, or both ends of the demo failed.
  if (error instanceof AggregateError) return error.errors.flatMap(describeError);
  if (!(error instanceof Error)) return [oneLine(String(error))];
  const { code, layer } = error as Details;
  const text = error.message === '' ? error.name : oneLine(error.message);
  const parts = [text];
  if (typeof code === 'string' && !text.includes(code)) parts.unshift(code);
  if (typeof layer === 'number') parts.unshift(`layer ${layer}`);
  return [parts.join(': ')];
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, '; ');
}
