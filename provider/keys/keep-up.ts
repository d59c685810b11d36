// Repeats a pass for as long as the provider runs. Polling: four small questions every half a minute are less than a watch
// costs in code, and the jitter keeps replicas from asking, and writing, all at the same moment.

export type KeepUpOptions = {
  readonly pass: () => Promise<void>;
  readonly intervalMs: number;
  /** Told once for each kind of failure in a row. */
  readonly onFailure: (error: unknown) => void;
  readonly onSuccess: () => void;
  readonly random: () => number;
};

const FIRST_RETRY_MS = 1_000;

/** Resolved after the first pass, be it a failure. */
export async function keepUp(options: KeepUpOptions): Promise<{ readonly stop: () => void }> {
  const { intervalMs, random } = options;
  const attempt = createAttempt(options);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const goOn = async () => {
    const failures = await attempt();
    const retryMs = failures === 0 ? Infinity : FIRST_RETRY_MS * 2 ** (failures - 1);
    const waitMs = Math.min(intervalMs, retryMs) * (0.8 + 0.4 * random());
    if (!isStopped) timer = setTimeout(() => void goOn(), waitMs);
  };
  await goOn();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Answers how often it has failed in a row. */
function createAttempt({ pass, onFailure, onSuccess }: KeepUpOptions): () => Promise<number> {
  let failures = 0;
  let told: string | undefined;
  return async () => {
    try {
      await pass();
      failures = 0;
      told = undefined;
      onSuccess();
    } catch (error) {
      failures += 1;
      if (String(error) !== told) onFailure(error);
      told = String(error);
    }
    return failures;
  };
}
