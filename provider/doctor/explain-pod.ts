// Explains one Pod: would it be injected, what would run, may it read. What decides at admission and at the start of a
// container decides here.

import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { ProviderError } from '../errors.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import { parsePod, type PodContainer } from '../kubernetes/pods.ts';
import { selectContainer } from '../launches/decide-launch.ts';
import { expandVariables } from '../launches/signature.ts';
import {
  allContainers,
  expectAdmission,
  expectArgv,
  expectLookup,
  expectAllKeys,
  expectSettings,
  isCommandUnknown,
  isWrapped,
  type ImageText,
  type Settings,
} from './expected-injection.ts';
import { explainAccess, type AccessDependencies } from './explain-access.ts';
import { fails, ok, type Finding, type Outcome } from './finding.ts';

export type PodExplainerDependencies = AccessDependencies & {
  readonly readImageConfig: (question: ImageQuestion, signal: AbortSignal) => Promise<ImageText>;
  /** Of the ConfigMap piggy. */
  readonly settings: Settings;
  readonly ownNamespace: string;
};

export type ExplainPod = (pod: V1Pod, signal: AbortSignal) => Promise<readonly Finding[]>;

type Launch = {
  readonly container: V1Container;
  /** What admission wrote, or would write. */
  readonly written: ReadonlyMap<string, string>;
  readonly argv: Outcome;
};

export function createPodExplainer(dependencies: PodExplainerDependencies): ExplainPod {
  return async (pod, signal) => {
    const { findings, toWrap } = explainAdmission(pod, dependencies.ownNamespace);
    const wrapped = allContainers(pod).filter(isWrapped);
    const launches = [
      ...wrapped.map((container) => readWrapped(pod, container)),
      ...(await Promise.all(toWrap.map((one) => expectLaunch(dependencies, { pod, one }, signal)))),
    ];
    const explained = await Promise.all(
      launches.map(async ({ container, written, argv }) => [
        { check: `${container.name}: launch command`, ...argv },
        ...(await explainAccess(dependencies, { pod, container, written }, signal)),
      ]),
    );
    return [...findings, ...explained.flat()];
  };
}

type ExplainedAdmission = {
  readonly findings: readonly Finding[];
  readonly toWrap: readonly V1Container[];
};

function explainAdmission(pod: V1Pod, ownNamespace: string): ExplainedAdmission {
  const check = `pod ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`;
  const admission = expectAdmission(pod, ownNamespace);
  const wrapped = allContainers(pod).filter(isWrapped);
  const list = (containers: readonly V1Container[]) =>
    containers.map(({ name }) => name).join(', ');
  if (!admission.injects) {
    const outcome =
      wrapped.length > 0
        ? ok(`it was injected (${list(wrapped)}), and now ${admission.reason}`)
        : ok(`it is not injected: ${admission.reason}`);
    return { findings: [{ check, ...outcome }], toWrap: [] };
  }
  const { containers: toWrap } = admission;
  return { findings: [{ check, ...describe() }], toWrap };

  function describe(): Outcome {
    if (toWrap.length === 0) {
      return wrapped.length > 0
        ? ok(`it was injected: ${list(wrapped)}`)
        : ok(
            'it opted in, and no container holds a piggy: reference or may get one: none is wrapped',
          );
    }
    // Only the API server gives a uid: without one it is a manifest.
    if (pod.metadata?.uid === undefined) {
      return ok(
        `it would be injected: ${list(toWrap)} (kubectl apply --dry-run=server says what is refused)`,
      );
    }
    return fails(
      `${list(toWrap)} may hold a piggy: reference and was not wrapped`,
      'delete the Pod: a new one is injected. Was it made before Piggy was installed?',
    );
  }
}

function readWrapped(pod: V1Pod, container: V1Container): Launch {
  const env = (container.env ?? []).map(({ name, value = '' }) => ({ name, value }));
  const uid = env.find(({ name }) => name === 'PIGGY_UID')?.value ?? '';
  const decision = selectContainer(parsePod(pod), uid);
  const argv = decision.allowed
    ? ok(showArgv(expandArgs(decision.value)))
    : fails(decision.message, 'delete the Pod: a new one is injected');
  const standalone = env.find(({ name }) => name === 'PIGGY_STANDALONE')?.value ?? '';
  const written = decision.allowed ? decision.value.settings : new Map<string, string>();
  return { container, written: new Map([...written, ['PIGGY_STANDALONE', standalone]]), argv };
}

function expectWritten(pod: V1Pod, one: V1Container, settings: Settings) {
  return new Map([...expectSettings(pod, settings), ['PIGGY_ENV_FROM', expectAllKeys(pod, one)]]);
}

/** As the kubelet hands them to the launcher. */
function expandArgs({ args }: PodContainer): readonly string[] {
  return args.slice(1).map((text) => expandVariables(text, new Map()));
}

async function expectLaunch(
  { readImageConfig, settings }: PodExplainerDependencies,
  { pod, one }: { readonly pod: V1Pod; readonly one: V1Container },
  signal: AbortSignal,
): Promise<Launch> {
  const launch = { container: one, written: expectWritten(pod, one, settings) };
  if (!isCommandUnknown(one)) return { ...launch, argv: describeArgv(one, undefined) };
  const { image: reference = '', imagePullPolicy } = one;
  if (imagePullPolicy === 'Never') {
    const reason = 'imagePullPolicy is Never, so no registry is asked what the image runs';
    return { ...launch, argv: fails(reason, 'set command') };
  }
  const pullAlways = imagePullPolicy === 'Always';
  const question = { ...expectLookup(pod, settings), reference, pullAlways };
  try {
    return { ...launch, argv: describeArgv(one, await readImageConfig(question, signal)) };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { ...launch, argv: fails(error.message, 'set command, then no lookup is needed') };
  }
}

function describeArgv(container: V1Container, image: ImageText | undefined): Outcome {
  const argv = expectArgv(container, image);
  return argv.length > 0
    ? ok(showArgv(argv))
    : fails(`image ${container.image ?? ''} defines neither entrypoint nor cmd`, 'set command');
}

function showArgv(argv: readonly string[]): string {
  return JSON.stringify(argv);
}
