// Shows how long certificates and the sealing key hold, and what the provider did for them.

import { Counter, Gauge, type Registry } from 'prom-client';

export type KeyMetrics = {
  readonly setCertificateExpiry: (expiry: Date) => void;
  readonly setAuthorityExpiry: (expiry: Date) => void;
  readonly setSealingKeySince: (since: Date) => void;
  /** A step of their upkeep, or `failed`. */
  readonly observeKeyStep: (subject: string, step: string) => void;
};

export function createKeyMetrics(registers: Registry[]): KeyMetrics {
  const expiry = createDate(
    registers,
    'piggy_certificate_expiry_timestamp_seconds',
    'When the serving certificate in use expires, in seconds since 1970.',
  );
  const authorityExpiry = createDate(
    registers,
    'piggy_ca_expiry_timestamp_seconds',
    'When the authority that signs serving certificates expires; only where the provider made it.',
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
    setCertificateExpiry: expiry,
    setAuthorityExpiry: authorityExpiry,
    setSealingKeySince: sealingKeySince,
    observeKeyStep: (subject, step) => {
      steps.inc({ subject, step });
    },
  };
}

function createDate(registers: Registry[], name: string, help: string): (date: Date) => void {
  const gauge = new Gauge({ name, help, registers });
  // Before it is set it would say 0, which is a date long gone.
  gauge.remove();
  return (date) => {
    gauge.set(date.getTime() / 1_000);
  };
}
