// Holds one secret value, so that only a deliberate reveal() shows it.

import { inspect } from 'node:util';

const REDACTED = '[redacted]';

export class SecretValue {
  readonly #plaintext: string;

  constructor(plaintext: string) {
    this.#plaintext = plaintext;
  }

  reveal(): string {
    return this.#plaintext;
  }

  /** In UTF-8. */
  byteLength(): number {
    return Buffer.byteLength(this.#plaintext);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
