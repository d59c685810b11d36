// Reads what the doctor is asked to look at, from the arguments of its command line.

import { parseArgs } from 'node:util';

export const usage = `usage: doctor [options]

Checks this installation of Piggy, a line for each check: ok, fails or not checked, and what to do next. Ends with 1 where
something fails, with 2 where it was asked wrongly.

  --pod NAMESPACE/NAME        also explains this Pod: would it be injected, what would run, may it read
  --pod - [--namespace NAME]  the same for a manifest on standard input, of a Pod or of what makes Pods
  --secret ID                 also reads this secret, by name or ARN; values are never shown
  --parameter-path PATH       also reads the parameters under this path
  --from-ecs FILE             only says what this task definition of ECS becomes; - is standard input
  --region REGION             where these two are; otherwise AWS_REGION
  --image REFERENCE           also looks this image up, with the provider's own credentials
  --kyverno NAMESPACE/NAME    the Deployment of Kyverno's admission controller
  --json                      the same as JSON
`;

export type DoctorQuestion = {
  readonly pod: PodQuestion | undefined;
  /** A file, or "-"; the namespace is that of its Pod. */
  readonly fromEcs: { readonly file: string; readonly namespace: string } | undefined;
  readonly secretId: string;
  readonly parameterPath: string;
  readonly region: string;
  readonly image: string | undefined;
  readonly kyverno: ObjectName;
  readonly asJson: boolean;
};

export type PodQuestion =
  | ({ readonly kind: 'name' } & ObjectName)
  | { readonly kind: 'manifest'; readonly namespace: string };

export type ObjectName = { readonly namespace: string; readonly name: string };

const KYVERNO = 'kyverno/kyverno-admission-controller';

const options = {
  pod: { type: 'string' },
  namespace: { type: 'string' },
  'from-ecs': { type: 'string' },
  secret: { type: 'string' },
  'parameter-path': { type: 'string' },
  region: { type: 'string' },
  image: { type: 'string' },
  kyverno: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** `undefined` where help is asked for. Throws a RangeError that says what is wrong. */
export function parseDoctorArguments(args: readonly string[]): DoctorQuestion | undefined {
  const values = parseValues(args);
  if (values.help === true) return undefined;
  const { secret = '', 'parameter-path': parameterPath = '' } = values;
  if (secret !== '' && parameterPath !== '') {
    throw new RangeError('--secret and --parameter-path: ask for one at a time');
  }
  const { namespace = 'default' } = values;
  return {
    pod: parsePodQuestion(values.pod, namespace),
    fromEcs: parseEcsQuestion(values['from-ecs'], namespace),
    secretId: secret,
    parameterPath,
    region: values.region ?? '',
    image: values.image,
    kyverno: parseObjectName('--kyverno', values.kyverno ?? KYVERNO),
    asJson: values.json ?? false,
  };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new RangeError(reason, { cause: error });
  }
}

function parseEcsQuestion(file: string | undefined, namespace: string) {
  return file === undefined ? undefined : { file, namespace };
}

function parsePodQuestion(pod: string | undefined, namespace: string): PodQuestion | undefined {
  if (pod === undefined) return undefined;
  if (pod === '-') return { kind: 'manifest', namespace };
  return { kind: 'name', ...parseObjectName('--pod', pod) };
}

function parseObjectName(option: string, text: string): ObjectName {
  const [namespace = '', name = '', ...others] = text.split('/');
  if (namespace !== '' && name !== '' && others.length === 0) return { namespace, name };
  throw new RangeError(`${option} must be NAMESPACE/NAME, not ${JSON.stringify(text)}`);
}
