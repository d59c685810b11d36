// Reads a certificate and its private key out of two texts, and says what is wrong with them.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { CertificateAndKey, Validity } from './certificates.ts';

export type KeyPair = { readonly pem: CertificateAndKey; readonly x509: X509Certificate };

/** The text of what is wrong, which quotes neither. */
export function parsePair(
  certificate: string | undefined,
  privateKey: string | undefined,
): KeyPair | string {
  if (!certificate || !privateKey) return 'certificate or key is missing';
  const x509 = attempt(() => new X509Certificate(certificate));
  if (x509 === undefined) return 'the certificate cannot be read';
  const key: KeyObject | undefined = attempt(() => createPrivateKey(privateKey));
  if (key === undefined) return 'the key cannot be read';
  if (!x509.checkPrivateKey(key)) return 'the key is not that of the certificate';
  return { pem: { certificate, privateKey }, x509 };
}

export function validityOf({ validFromDate, validToDate }: X509Certificate): Validity {
  return { notBefore: validFromDate, notAfter: validToDate };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // OpenSSL's messages say less than the caller does.
    return undefined;
  }
}
