// Answers the policy's question what each image runs: opens the sealed question, looks every image up once, and seals
// an answer in which each image has either its image config or the text of an error.

import { ProviderError } from '../errors.ts';
import type { ImageConfig } from '../images/image-config.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import { PER_QUESTION } from '../images/lookup-budget.ts';
import { createQuestionBudget } from '../images/question-budget.ts';
import type { ReadImageConfig } from '../images/read-image-config.ts';
import {
  type KyvernoQuestion,
  parseKyvernoQuestion,
  type ReadQuestion,
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

export type Note = (facts: LookupFacts) => void;

export type SealedExchange = {
  /** What one image fails with is told for that image. */
  readonly answer: (signal: AbortSignal) => Promise<SealedMessage>;
  /** For a question that is not answered: the error, for each of its images. */
  readonly refuse: (error: unknown) => SealedMessage;
};

/** Opens the question. Throws `unsealed_message`, or `invalid_request` for one that has no answer. */
export type AnswerKyverno = (message: unknown, note: Note) => SealedExchange;

export type KyvernoDependencies = {
  readonly readImageConfig: ReadImageConfig;
  /** The sealing keys of this moment. */
  readonly keys: () => readonly string[];
};

type Lookup = { readonly reference: string } & (
  { readonly config: ImageConfig } | { readonly error: unknown }
);

export function createKyvernoAnswerer({
  readImageConfig,
  keys,
}: KyvernoDependencies): AnswerKyverno {
  return (message, note) => {
    const { payload, key } = openQuestion(message, keys());
    const read = parseKyvernoQuestion(parsePayload(payload));
    const { nonce, images } = read.question;
    const references = [...new Set(images)];
    note({ images: references });
    const seal = (lookups: readonly Lookup[]) =>
      sealAnswer(JSON.stringify(toAnswer(nonce, lookups)), key);
    return {
      answer: async (signal) => {
        const lookups = await lookUpAll(read, references, { readImageConfig, signal, note });
        const failures = selectFailures(lookups);
        if (failures.length > 0) note({ failures: Object.fromEntries(failures) });
        return seal(lookups);
      },
      refuse: (error) =>
        seal(references.map((reference) => ({ reference, error: notLookedUp(reference, error) }))),
    };
  };
}

function notLookedUp(reference: string, error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  return new ProviderError(error.code, `image ${reference} was not looked up: ${error.message}`);
}

function parsePayload(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw new ProviderError('invalid_request', 'the payload of the question is not JSON');
  }
}

type LookupParts = {
  readonly readImageConfig: ReadImageConfig;
  readonly signal: AbortSignal;
  readonly note: Note;
};

async function lookUpAll(
  read: ReadQuestion,
  references: readonly string[],
  { readImageConfig, signal, note }: LookupParts,
): Promise<readonly Lookup[]> {
  if (read.kind === 'misunderstood') return refuseAll(references, read.error);
  const { question } = read;
  note({ namespace: question.namespace, serviceAccount: question.serviceAccount });
  if (references.length > PER_QUESTION.images)
    return refuseAll(references, tooMany(references.length));
  const budget = createQuestionBudget();
  return Promise.all(
    references.map(async (reference): Promise<Lookup> => {
      try {
        const imageQuestion = { ...toImageQuestion(reference, question), budget };
        const config = await readImageConfig(imageQuestion, signal);
        budget.takeAnswer(config);
        return { reference, config };
      } catch (error) {
        return { reference, error };
      }
    }),
  );
}

function refuseAll(references: readonly string[], error: ProviderError): readonly Lookup[] {
  return references.map((reference) => ({ reference, error }));
}

function tooMany(count: number): ProviderError {
  return new ProviderError(
    'invalid_request',
    `${count} images of one Pod are to be looked up, at most ${PER_QUESTION.images} can be; set command on the containers`,
  );
}

function toImageQuestion(reference: string, question: KyvernoQuestion): ImageQuestion {
  const { namespace, imagePullSecrets, extraPullSecret } = question;
  return {
    reference,
    namespace,
    architectures: question.architectures,
    pullAlways: question.always.includes(reference),
    skipVerifyRegistry: question.skipVerifyRegistry ?? false,
    pullSecrets: [
      ...selectPullSecrets(imagePullSecrets).map((name) => ({ namespace, name })),
      ...(extraPullSecret ? [extraPullSecret] : []),
    ],
  };
}

/** Each name once, in their order, and no more than are read. */
function selectPullSecrets(names: readonly string[]): readonly string[] {
  return [...new Set(names)].slice(0, PER_QUESTION.pullSecrets);
}

function toAnswer(nonce: string, lookups: readonly Lookup[]) {
  const images = lookups.flatMap((lookup) =>
    'config' in lookup ? [[lookup.reference, toAnswered(lookup.config)] as const] : [],
  );
  const errors = selectFailures(lookups).map(
    ([reference, error]) => [reference, toText(reference, error)] as const,
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

function selectFailures(lookups: readonly Lookup[]): (readonly [string, unknown])[] {
  return lookups.flatMap((lookup) =>
    'error' in lookup ? [[lookup.reference, lookup.error] as const] : [],
  );
}
