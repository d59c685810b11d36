// Reads how one container is to be launched from its own env in the Pod's spec, which cannot change after creation.
// What stands there is the word of the Pod's author, so it can tighten the provider's settings, not weaken them.

import { sourceKey, type Reference } from '../secrets/reference.ts';
import { REFERENCE_PREFIX } from './references.ts';
import {
  invalidSetting,
  locateSource,
  parseSecretSource,
  type SecretSource,
} from '../secrets/source.ts';

export type LaunchDefaults = {
  readonly launchWindowMs: number;
  readonly enforceIntegrity: boolean;
  readonly enforceServiceAccount: boolean;
  readonly annotationsMayWeaken: boolean;
  readonly region: string | undefined;
};

export type LaunchSettings = {
  readonly enforceIntegrity: boolean;
  readonly enforceServiceAccount: boolean;
  /** How long after its start a container may ask: the provider's window plus the container's initial delay. */
  readonly launchWindowMs: number;
};

/** The variables that are read here; admission writes each of them once, literally. */
export const SETTING_NAMES = [
  'PIGGY_AWS_SECRET_NAME',
  'PIGGY_AWS_SECRET_VERSION',
  'PIGGY_AWS_SSM_PARAMETER_PATH',
  'PIGGY_AWS_REGION',
  'PIGGY_ENFORCE_INTEGRITY',
  'PIGGY_ENFORCE_SERVICE_ACCOUNT',
  'PIGGY_INITIAL_DELAY',
  'PIGGY_ENV_FROM',
] as const;
type SettingName = (typeof SETTING_NAMES)[number];

type Written = ReadonlyMap<string, string>;

/** `env` holds the container's literal variables. Throws `invalid_annotation`, with the name and the value. */
export function parseLaunchSettings(env: Written, defaults: LaunchDefaults): LaunchSettings {
  const written = (name: SettingName) => env.get(name) ?? '';
  const enforced = (name: SettingName, byDefault: boolean) => {
    const said = parseBoolean(name, written(name)) ?? byDefault;
    return defaults.annotationsMayWeaken ? said : said || byDefault;
  };
  return {
    enforceIntegrity: enforced('PIGGY_ENFORCE_INTEGRITY', defaults.enforceIntegrity),
    enforceServiceAccount: enforced(
      'PIGGY_ENFORCE_SERVICE_ACCOUNT',
      defaults.enforceServiceAccount,
    ),
    launchWindowMs: defaults.launchWindowMs + parseInitialDelay(written('PIGGY_INITIAL_DELAY')),
  };
}

export type ContainerSource = {
  readonly source: SecretSource;
  /** The first of its references, in short; `undefined` for the Pod's own source where there is no other. */
  readonly calledBy: string | undefined;
  /** Those that mean it. */
  readonly references: readonly Reference[];
};

/**
 * Where the values of these references are, each source once. What the settings say of the Pod's own counts where a reference
 * means it, or where there is none. Throws `invalid_annotation`.
 */
export function selectSources(
  references: readonly Reference[],
  env: Written,
  { region: defaultRegion }: Pick<LaunchDefaults, 'region'>,
): readonly ContainerSource[] {
  const written = (name: SettingName) => env.get(name) ?? '';
  const region = written('PIGGY_AWS_REGION');
  const own = () =>
    parseSecretSource(
      {
        secretId: written('PIGGY_AWS_SECRET_NAME'),
        version: written('PIGGY_AWS_SECRET_VERSION'),
        parameterPath: written('PIGGY_AWS_SSM_PARAMETER_PATH'),
        region,
      },
      defaultRegion,
    );
  const isOwn = ({ source }: Reference) => source === undefined;
  if (references.every(isOwn)) return [{ source: own(), calledBy: undefined, references }];
  const groups = Map.groupBy(references, sourceKey);
  return [...groups.values()].map((group) => {
    const [first] = group;
    const named = first?.source;
    const source = named === undefined ? own() : locateSource(named, { region }, defaultRegion);
    return { source, calledBy: callBy(first), references: group };
  });
}

/** Without its options: a default can be long. */
function callBy(reference: Reference | undefined): string {
  const [named = ''] = reference?.text.split('?') ?? [];
  return `${REFERENCE_PREFIX}${named}`;
}

/** Only annotations whose name begins with "piggy-" are read as booleans here: PIGGY_X_Y comes from piggy-x-y. */
function annotationOf(name: SettingName): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function parseBoolean(name: SettingName, text: string): boolean | undefined {
  switch (text) {
    case '':
      return undefined;
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw invalidSetting(annotationOf(name), text, 'must be "true" or "false"');
  }
}

// A delay keeps the launch window open longer, so it is bounded: the author must not choose a window without end.
const MAX_INITIAL_DELAY_MS = 10 * 60_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:[nuµμm]?s|m|h))+$/;
const DURATION_PART = /(?<amount>[\d.]+)(?<unit>\D+)/g;

/** A duration as Go writes it (https://pkg.go.dev/time#ParseDuration), in milliseconds; never negative. */
function parseInitialDelay(text: string): number {
  if (text === '' || text === '0') return 0;
  if (text.length > 100 || !DURATION.test(text)) {
    throw invalidSetting('piggy-initial-delay', text, 'must be a duration such as "5s" or "1m30s"');
  }
  const parts = [...text.matchAll(DURATION_PART)];
  const delayMs = parts.reduce((total, { groups }) => {
    return total + Number(groups?.['amount']) * (UNIT_MS[groups?.['unit'] ?? ''] ?? NaN);
  }, 0);
  if (delayMs <= MAX_INITIAL_DELAY_MS) return delayMs;
  throw invalidSetting('piggy-initial-delay', text, 'must be 10m at most');
}
