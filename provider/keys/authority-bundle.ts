// The bundle of authorities that launchers trust: a text of certificates in PEM. It only ever gains authorities and loses
// those that have expired, because running Pods hold the bundle that they were admitted with.

import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z\d+/=\s]+-----END CERTIFICATE-----/g;

/** What stands there besides readable certificates is left out. */
export function parseBundle(text: string): readonly X509Certificate[] {
  return (text.match(CERTIFICATE) ?? []).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
}

export function writeBundle(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}

/** Those of the bundle that have not expired, in their order, and after them the required ones that it lacks. */
export function extendBundle(
  bundle: readonly X509Certificate[],
  required: readonly X509Certificate[],
  nowMs: number,
): readonly X509Certificate[] {
  const valid = bundle.filter(({ validToDate }) => validToDate.getTime() > nowMs);
  const byFingerprint = new Map(
    [...valid, ...required].map((certificate) => [certificate.fingerprint256, certificate]),
  );
  return [...byFingerprint.values()];
}
