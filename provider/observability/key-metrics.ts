// Shows how long certificates and the sealing key hold, and what the provider did for them.

import { Counter, Gauge, type Registry } from 'prom-client';

type Validity = { readonly notBefore: Date; readonly notAfter: Date };

export type KeyMetrics = {
  readonly setCertificateValidity: (validity: Validity) => void;
  readonly setAuthorityValidity: (validity: Validity) => void;
  readonly setSealingKeySince: (since: Date) => void;
  /** A step of their upkeep, or `failed`. */
  readonly observeKeyStep: (subject: string, step: string) => void;
};

export function createKeyMetrics(registers: Registry[]): KeyMetrics {
  const setCertificateValidity = createValidity(
    registers,
    ['piggy_certificate_since_timestamp_seconds', 'piggy_certificate_expiry_timestamp_seconds'],
    'the serving certificate in use',
  );
  const setAuthorityValidity = createValidity(
    registers,
    ['piggy_ca_since_timestamp_seconds', 'piggy_ca_expiry_timestamp_seconds'],
    'the authority that signs serving certificates, where the provider made it',
  );
  const sealingKeySince = createDate(
    registers,
    'piggy_sealing_key_since_timestamp_seconds',
    'Since when the current sealing key is in use; only where the provider made it.',
  );
  const steps = new Counter({
    name: 'piggy_key_steps_total',
    help: 'Steps in the upkeep of certificates and the sealing key by this replica, and passes that failed.',
    labelNames: ['subject', 'step'],
    registers,
  });
  return {
    setCertificateValidity,
    setAuthorityValidity,
    setSealingKeySince: sealingKeySince,
    observeKeyStep: (subject, step) => {
      steps.inc({ subject, step });
    },
  };
}

function createValidity(
  registers: Registry[],
  [since, expiry]: readonly [since: string, expiry: string],
  what: string,
): (validity: Validity) => void {
  const setSince = createDate(registers, since, `The beginning of the validity of ${what}.`);
  const setExpiry = createDate(registers, expiry, `The end of the validity of ${what}.`);
  return ({ notBefore, notAfter }) => {
    setSince(notBefore);
    setExpiry(notAfter);
  };
}

/** In seconds since 1970. */
function createDate(registers: Registry[], name: string, help: string): (date: Date) => void {
  const gauge = new Gauge({ name, help, registers });
  // Before it is set it would say 0, which is a date long gone.
  gauge.remove();
  return (date) => {
    gauge.set(date.getTime() / 1_000);
  };
}
