// Answers the policy's question what each image runs: opens the sealed question, looks every image up once, and seals
// an answer in which each image has either its image config or the text of an error.

import { ProviderError } from '../errors.ts';
import type { ImageConfig } from '../images/image-config.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import type { ReadImageConfig } from '../images/read-image-config.ts';
import {
  type KyvernoQuestion,
  parseAnswerableQuestion,
  parseKyvernoQuestion,
} from './kyverno-question.ts';
import { openQuestion, type SealedMessage, sealAnswer } from './sealed-message.ts';

/** What is known of a lookup, for its line in the log. */
export type LookupFacts = {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly images?: readonly string[];
  /** By image reference. */
  readonly failures?: Readonly<Record<string, unknown>>;
};

export type LookupContext = {
  readonly signal: AbortSignal;
  readonly note: (facts: LookupFacts) => void;
};

/** Throws `unsealed_message`, or `invalid_request` for a question that has no answer; all else is told per image. */
export type AnswerKyverno = (message: unknown, context: LookupContext) => Promise<SealedMessage>;

export type KyvernoDependencies = {
  readonly readImageConfig: ReadImageConfig;
  /** The sealing keys of this moment. */
  readonly keys: () => readonly string[];
};

/** More than a Pod has containers, less than what would keep registries busy. */
const MAX_IMAGES = 50;

type Lookup = { readonly reference: string; readonly outcome: PromiseSettledResult<ImageConfig> };

export function createKyvernoAnswerer({
  readImageConfig,
  keys,
}: KyvernoDependencies): AnswerKyverno {
  return async (message, context) => {
    const { payload, key } = openQuestion(message, keys());
    const written = parsePayload(payload);
    const { nonce, images } = parseAnswerableQuestion(written);
    const references = [...new Set(images)];
    context.note({ images: references });
    const lookups = await lookUpAll(written, references, { context, readImageConfig });
    const failures = selectFailures(lookups);
    if (Object.keys(failures).length > 0) context.note({ failures });
    return sealAnswer(JSON.stringify(toAnswer(nonce, lookups)), key);
  };
}

function parsePayload(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw new ProviderError('invalid_request', 'the payload of the question is not JSON');
  }
}

async function lookUpAll(
  written: unknown,
  references: readonly string[],
  dependencies: { readonly context: LookupContext; readonly readImageConfig: ReadImageConfig },
): Promise<Lookup[]> {
  if (references.length === 0) return [];
  const { context, readImageConfig } = dependencies;
  const question = understand(written, references.length, context);
  const outcomes = await Promise.allSettled(
    references.map(async (reference) =>
      readImageConfig(toImageQuestion(reference, await question), context.signal),
    ),
  );
  return outcomes.map((outcome, index) => ({ reference: references[index] ?? '', outcome }));
}

/** Its failure is told per image: the author of the Pod then reads it, and not that there was no answer. */
async function understand(
  written: unknown,
  imageCount: number,
  { note }: LookupContext,
): Promise<KyvernoQuestion> {
  const question = parseKyvernoQuestion(written);
  note({ namespace: question.namespace, serviceAccount: question.serviceAccount });
  if (imageCount > MAX_IMAGES) throw tooMany(imageCount);
  return Promise.resolve(question);
}

function tooMany(count: number): ProviderError {
  return new ProviderError(
    'invalid_request',
    `${count} images of one Pod are to be looked up, at most ${MAX_IMAGES} can be; set command on the containers`,
  );
}

function toImageQuestion(reference: string, question: KyvernoQuestion): ImageQuestion {
  const { namespace, imagePullSecrets, extraPullSecret } = question;
  return {
    reference,
    architectures: question.architectures,
    pullAlways: question.always.includes(reference),
    skipVerifyRegistry: question.skipVerifyRegistry ?? false,
    pullSecrets: [
      ...imagePullSecrets.map((name) => ({ namespace, name })),
      ...(extraPullSecret ? [extraPullSecret] : []),
    ],
  };
}

function toAnswer(nonce: string, lookups: readonly Lookup[]) {
  const images = lookups.flatMap(({ reference, outcome }) =>
    outcome.status === 'fulfilled' ? [[reference, toAnswered(outcome.value)] as const] : [],
  );
  const errors = lookups.flatMap(({ reference, outcome }) =>
    outcome.status === 'rejected' ? [[reference, toText(reference, outcome.reason)] as const] : [],
  );
  // CEL stumbles over null: always objects, arrays and strings.
  return { nonce, images: Object.fromEntries(images), errors: Object.fromEntries(errors) };
}

function toAnswered({ entrypoint, cmd, digest }: ImageConfig) {
  return { entrypoint, cmd, digest };
}

/** What the author of the Pod reads at `kubectl apply`: one line, safe to show. */
function toText(reference: string, error: unknown): string {
  const text =
    error instanceof ProviderError
      ? error.message
      : `image ${reference}: the lookup failed inside the provider; its log says why`;
  return text.replaceAll(/\s+/g, ' ');
}

function selectFailures(lookups: readonly Lookup[]): Record<string, unknown> {
  const failures = lookups.flatMap(({ reference, outcome }) =>
    outcome.status === 'rejected' ? [[reference, outcome.reason] as const] : [],
  );
  return Object.fromEntries(failures);
}
