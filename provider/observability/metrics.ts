// Counts and times what the provider does, for Prometheus (docs/operations.md lists the names).

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createKeyMetrics, type KeyMetrics } from './key-metrics.ts';

export type RequestOutcome = {
  readonly route: string;
  readonly status: number;
  /** The ErrorCode, or `ok`. */
  readonly code: string;
  readonly durationMs: number;
};

export type ListenerName = 'launches' | 'lookups' | 'operations';

/** Why a client was cut off, so that others are served. */
export type CutReason =
  /** It did not read its response in time. */
  | 'answer_not_read'
  /** It held memory that another response, or another request's body, needed. */
  | 'answer_gave_way'
  | 'body_gave_way'
  /** Its connection was refused, or closed for a new one. */
  | 'too_many_connections'
  /** Its address opened connections too fast. */
  | 'connections_too_fast';

/** Bound to one listener. */
export type ObserveCut = (reason: CutReason) => void;

export type Metrics = KeyMetrics & {
  readonly observeRequest: (outcome: RequestOutcome) => void;
  readonly observeCut: (listener: ListenerName, reason: CutReason) => void;
  /** Called when a question begins; what it returns, when it ends: with the code of the failure, or `ok`. */
  readonly observeAwsCall: (action: string) => (code: string) => void;
  /** `outcome` is the HTTP status, or the code of the failure. */
  readonly observeRegistryCall: (outcome: string, durationMs: number) => void;
  readonly observeLookupThreadFailure: () => void;
  readonly observeAccess: (decision: 'allowed' | 'denied', rule: string) => void;
  readonly observeSecretCache: (outcome: 'hit' | 'miss' | 'joined') => void;
  /** Kubernetes Events about refusals. */
  readonly observePodEvent: (outcome: 'written' | 'exists' | 'dropped' | 'failed') => void;
  readonly setAccessRulesValid: (isValid: boolean) => void;
  /** The text that Prometheus reads, and its content type. */
  readonly render: () => Promise<{ readonly text: string; readonly contentType: string }>;
};

/** From an answer out of memory to the timeouts. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'piggy_requests_total',
    help: 'Requests answered, by route, HTTP status and code (docs/troubleshooting.md).',
    labelNames: ['route', 'status', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'piggy_request_duration_seconds',
    help: 'Time from the request to its answer.',
    labelNames: ['route'],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  return {
    ...createAccessMetrics(registers),
    ...createAwsMetrics(registers),
    ...createRegistryMetrics(registers),
    ...createOutcomeMetrics(registers),
    ...createCutMetrics(registers),
    ...createKeyMetrics(registers),
    observeRequest: ({ route, status, code, durationMs }) => {
      requests.inc({ route, status, code });
      durations.observe({ route }, durationMs / 1_000);
    },
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

function createOutcomeMetrics(registers: Registry[]) {
  const cache = new Counter({
    name: 'piggy_secret_cache_total',
    help: 'Secrets wanted by launches: found in memory (hit), asked for (miss), or being asked for by another (joined).',
    labelNames: ['outcome'],
    registers,
  });
  const events = new Counter({
    name: 'piggy_pod_events_total',
    help: 'Kubernetes Events about refusals: written, written by another replica (exists), too many (dropped), or failed.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    observeSecretCache: (outcome: string) => {
      cache.inc({ outcome });
    },
    observePodEvent: (outcome: string) => {
      events.inc({ outcome });
    },
  };
}

function createCutMetrics(registers: Registry[]) {
  const cuts = new Counter({
    name: 'piggy_clients_cut_off_total',
    help: 'Clients that were cut off so that others are served, by listener and reason (docs/operations.md).',
    labelNames: ['listener', 'reason'],
    registers,
  });
  return {
    observeCut: (listener: ListenerName, reason: CutReason) => {
      cuts.inc({ listener, reason });
    },
  };
}

function createAwsMetrics(registers: Registry[]) {
  const calls = new Counter({
    name: 'piggy_aws_calls_total',
    help: 'Questions to AWS, by IAM action and the code that they ended with.',
    labelNames: ['action', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'piggy_aws_call_duration_seconds',
    help: 'Time from a question to AWS to its end, with all attempts and pages.',
    labelNames: ['action'],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  return {
    observeAwsCall: (action: string) => {
      const stopTimer = durations.startTimer({ action });
      return (code: string) => {
        stopTimer();
        calls.inc({ action, code });
      };
    },
  };
}

function createRegistryMetrics(registers: Registry[]) {
  const calls = new Counter({
    name: 'piggy_registry_calls_total',
    help: 'Requests to registries, by the HTTP status or the code that they ended with; 401 begins an exchange of tokens.',
    labelNames: ['outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'piggy_registry_call_duration_seconds',
    help: 'Time from a request to a registry to the end of its answer.',
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'piggy_lookup_thread_failures_total',
    help: 'How often the thread of the lookups ended and was started again; launches are not touched by it.',
    registers,
  });
  return {
    observeRegistryCall: (outcome: string, durationMs: number) => {
      durations.observe(durationMs / 1_000);
      calls.inc({ outcome });
    },
    observeLookupThreadFailure: () => {
      failures.inc();
    },
  };
}

function createAccessMetrics(registers: Registry[]) {
  const decisions = new Counter({
    name: 'piggy_access_decisions_total',
    help: 'Decisions of check 7, by the access rule or default that allowed it (docs/access-rules.md). Denied with a rule: fetched by it, and given to nobody.',
    labelNames: ['decision', 'rule'],
    registers,
  });
  const valid = new Gauge({
    name: 'piggy_access_rules_valid',
    help: '1, or 0 while a rule is wrong and left out, or the file of access rules is wrong and its last good content in use.',
    registers,
  });
  return {
    observeAccess: (decision: 'allowed' | 'denied', rule: string) => {
      decisions.inc({ decision, rule });
    },
    setAccessRulesValid: (isValid: boolean) => {
      valid.set(isValid ? 1 : 0);
    },
  };
}
