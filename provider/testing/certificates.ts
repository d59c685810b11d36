// A certificate authority and serving certificates for 127.0.0.1, made by the provider's own code.

import {
  type CertificateAndKey,
  createAuthority,
  issueServingCertificate,
} from '../keys/certificates.ts';

export type TestAuthority = {
  /** PEM text, what clients verify against. */
  readonly ca: string;
  /** For 127.0.0.1, and these names. */
  readonly issue: (...dnsNames: readonly string[]) => Promise<CertificateAndKey>;
};

const DAY_MS = 86_400_000;

export async function createTestAuthority(): Promise<TestAuthority> {
  // A day back, for clocks that differ between the parties of a test.
  const validity = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
  };
  const authority = await createAuthority('piggy test authority', validity);
  const ipAddresses = ['127.0.0.1', '::1'];
  return {
    ca: authority.certificate,
    issue: (...dnsNames) => {
      const names = { dnsNames: ['localhost', ...dnsNames], ipAddresses };
      return issueServingCertificate(authority, names, validity);
    },
  };
}
