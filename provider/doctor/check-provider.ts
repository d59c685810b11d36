// Decides by what the running provider says of itself, and by what launchers meet at its address, whether it can answer.

import type { ClusterRead } from './cluster-client.ts';
import { fieldsOf, foundObject, readField } from './cluster-object.ts';
import { fails, notChecked, ok, type Outcome } from './finding.ts';
import type { AddressProbe } from './launch-address-client.ts';
import type { OperationsAnswer } from './operations-client.ts';

/** By /readyz, whose body says why not. */
export function decideReadiness(answer: OperationsAnswer): Outcome {
  if (answer.kind === 'failed') {
    return fails(`the provider does not answer on its operations port (${answer.reason})`, SEE_LOG);
  }
  const body = parseBody(answer.text);
  if (answer.status !== 200) return fails(`the provider is not ready: ${describe(body)}`, SEE_LOG);
  const warnings = readField(body, 'warnings');
  return Array.isArray(warnings) && warnings.length > 0
    ? fails(`the provider answers, with a warning: ${warnings.join('; ')}`, SEE_LOG)
    : ok('the provider is ready: certificate, sealing key and access rules are loaded');
}

const SEE_LOG = 'see its log: kubectl logs deploy/piggy';

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 200);
  }
}

function describe(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/**
 * Whether Kyverno and the provider use the same sealing key, by the questions that this replica was asked. To look at the
 * rights of Kyverno's account would need a right over other accounts.
 */
export function decideSealing(metrics: OperationsAnswer): Outcome {
  if (metrics.kind === 'failed') {
    return fails(`the provider does not show its metrics (${metrics.reason})`, SEE_LOG);
  }
  const { sealed, unsealed } = countQuestions(metrics.text);
  if (sealed > 0) {
    const others = unsealed > 0 ? `; refused, being sealed otherwise: ${unsealed}` : '';
    return ok(
      `Kyverno reads the sealing key: questions of its verified so far: ${sealed}${others}`,
    );
  }
  return unsealed > 0
    ? fails(
        `questions that were not sealed with the provider's key: ${unsealed}, and none that was`,
        'see that Kyverno may get the Secret piggy-admission, and that the provider mounts the same one',
      )
    : notChecked(
        'nobody has asked this replica about an image yet, so whether Kyverno reads the sealing key is not known',
        'kubectl run probe --image=nginx --env=A=piggy:A --annotations=piggysec.com/inject=true --dry-run=server',
      );
}

const QUESTION = /^piggy_requests_total\{(?<labels>[^}]*)\} (?<count>\S+)$/gm;

function countQuestions(metrics: string): { sealed: number; unsealed: number } {
  const counts = { sealed: 0, unsealed: 0 };
  for (const { groups } of metrics.matchAll(QUESTION)) {
    const { labels = '', count } = groups ?? {};
    if (!labels.includes('route="/kyverno/v1/images"')) continue;
    if (labels.includes('code="ok"')) counts.sealed += Number(count);
    if (labels.includes('code="unsealed_message"')) counts.unsealed += Number(count);
  }
  return counts;
}

/** The text of the authority that the policy gives to launchers, or why there is none. */
export function readAuthority(read: ClusterRead): { readonly ca: string } | Outcome {
  const advice = 'see the log of the provider, which writes it, or docs/certificates.md';
  const missing = fails('there is no ConfigMap piggy-ca, so no Pod can be injected', advice);
  const found = foundObject(read, 'the ConfigMap piggy-ca', missing);
  if ('status' in found) return found;
  const ca = readField(found.object, 'data', 'ca.crt');
  return typeof ca === 'string' && ca.includes('-----BEGIN CERTIFICATE-----')
    ? { ca }
    : fails('the ConfigMap piggy-ca has no certificate under ca.crt', advice);
}

/** Of its life; it is renewed when a third is left. */
const LEAST_LEFT = 1 / 6;

/** What a launcher meets at PIGGY_ADDRESS. */
export function decideLaunchAddress(address: string, probe: AddressProbe, nowMs: number): Outcome {
  if (!probe.trusted) {
    return fails(
      `launchers would not get through to ${address}: ${probe.reason}`,
      'see that PIGGY_ADDRESS names the Service of the provider, and that its certificate is signed by the CA in piggy-ca',
    );
  }
  const { expiry, validFrom } = probe;
  const day = expiry.toISOString().slice(0, 10);
  const left = (expiry.getTime() - nowMs) / (expiry.getTime() - validFrom.getTime());
  return left < LEAST_LEFT
    ? fails(
        `the certificate at ${address} is valid only until ${day}, and was not renewed`,
        SEE_LOG,
      )
    : ok(`${address} answers with a certificate that launchers trust, until ${day}`);
}

export type SettingsInUse = Readonly<Record<string, string | undefined>>;

const NEEDED_BY_POLICY = ['PIGGY_ADDRESS', 'PIGGY_LOOKUP_ADDRESS', 'PIGGY_ENV_IMAGE'];

/** The policy reads the ConfigMap at every Pod, the provider its environment when it starts: they may have come apart. */
export function decideSettings(read: ClusterRead, inUse: SettingsInUse): Outcome {
  const missing = fails(
    'there is no ConfigMap piggy, so no Pod can be injected',
    'install the chart',
  );
  const found = foundObject(read, 'the ConfigMap piggy', missing);
  if ('status' in found) return found;
  const data = fieldsOf(readField(found.object, 'data'));
  const lacking = NEEDED_BY_POLICY.filter((name) => typeof data[name] !== 'string');
  if (lacking.length > 0) {
    return fails(`the ConfigMap piggy lacks ${lacking.join(', ')}`, 'set it: the policy needs it');
  }
  const changed = Object.keys(data).filter((name) => data[name] !== inUse[name]);
  return changed.length === 0
    ? ok('the ConfigMap piggy is right, and what this replica was started with')
    : fails(
        `the ConfigMap piggy and this replica differ in ${changed.join(', ')}`,
        'kubectl rollout restart deploy/piggy; what then still differs is set by the container itself',
      );
}
