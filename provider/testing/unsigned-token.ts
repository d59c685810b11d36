// Tokens of the right form that nobody signed: what anybody can make up.

/** As Kubernetes writes them, in all but the signature. */
export function unsignedToken(differences: Readonly<Record<string, unknown>> = {}): string {
  const expiresSeconds = Math.floor(Date.now() / 1000) + 600;
  return writeToken({ aud: ['piggysec.com'], exp: expiresSeconds, ...differences });
}

export function writeToken(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`;
}
