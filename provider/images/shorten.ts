// Shortens texts that registries wrote, so that no more of them stays in memory than is shown.

/**
 * At most `maxLength` characters, well formed. Always a copy: what slice gives holds all of the text that it was cut from, so that
 * an error of one line would hold a manifest of megabytes.
 */
export function shorten(text: string, maxLength: number): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return Buffer.from(short).toString();
}
