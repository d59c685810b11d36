// What every part of the running provider shares.

import type { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { Config } from '../config/load-config.ts';
import type { Readiness } from '../http/readiness.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';

export type Provider = {
  readonly config: Config;
  readonly log: Logger;
  /** Resolved when the lines of the log so far are out. */
  readonly logWritten: () => Promise<void>;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Aborted when a stopping provider cannot wait any longer. */
  readonly stopping: AbortController;
};

/** What AWS gives the provider; asked for once, not once per client. */
export type AwsCredentials = ReturnType<typeof defaultProvider>;
