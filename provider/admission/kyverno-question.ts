// Reads the question that the policy inject-secrets asks (docs/architecture.md). It is ours on both sides, so a field that
// is not known here is refused: it might be one that narrows what may be read.

import type { ErrorObject } from 'ajv';
import { ProviderError } from '../errors.ts';
import { compileSchema } from '../json-schema.ts';

export type KyvernoQuestion = {
  readonly nonce: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly imagePullSecrets: readonly string[];
  readonly extraPullSecret?: { readonly namespace: string; readonly name: string };
  readonly skipVerifyRegistry?: boolean;
  /** Where the Pod may run; empty when it does not say. */
  readonly architectures: readonly string[];
  readonly images: readonly string[];
  /** Those of the images that are pulled each time. */
  readonly always: readonly string[];
};

/** What must be there for an answer at all: it repeats the nonce, and errors are told per image. */
type AnswerableQuestion = Pick<KyvernoQuestion, 'nonce' | 'images'>;

const text = { type: 'string', minLength: 1, maxLength: 2_048 } as const;
const texts = { type: 'array', items: text } as const;

export const answerableSchema = {
  type: 'object',
  required: ['nonce', 'images'],
  // However long an image's name is: its author is told.
  properties: { nonce: text, images: { type: 'array', items: { type: 'string' } } },
} as const;

export const questionSchema = {
  ...answerableSchema,
  required: [
    'nonce',
    'namespace',
    'serviceAccount',
    'imagePullSecrets',
    'architectures',
    'images',
    'always',
  ],
  additionalProperties: false,
  properties: {
    nonce: text,
    images: texts,
    namespace: text,
    serviceAccount: text,
    imagePullSecrets: texts,
    // CEL cannot leave a field out: the policy writes {} for no extra pull secret.
    extraPullSecret: {
      type: 'object',
      properties: { namespace: text, name: text },
      dependencies: { namespace: ['name'], name: ['namespace'] },
      additionalProperties: false,
    },
    skipVerifyRegistry: { type: 'boolean' },
    architectures: texts,
    always: texts,
  },
} as const;

type WrittenQuestion = Omit<KyvernoQuestion, 'extraPullSecret'> & {
  readonly extraPullSecret?: { readonly namespace?: string; readonly name?: string };
};

const isAnswerable = compileSchema<AnswerableQuestion>(answerableSchema);
const isQuestion = compileSchema<WrittenQuestion>(questionSchema);

export type ReadQuestion =
  | { readonly kind: 'understood'; readonly question: KyvernoQuestion }
  /** Told per image: the author of the Pod then reads it, and not that there was no answer. */
  | {
      readonly kind: 'misunderstood';
      readonly question: AnswerableQuestion;
      readonly error: ProviderError;
    };

/** Throws `invalid_request` where not even an error can be answered. */
export function parseKyvernoQuestion(written: unknown): ReadQuestion {
  if (isQuestion(written)) return { kind: 'understood', question: readExtraPullSecret(written) };
  const error = misunderstood(isQuestion.errors);
  if (isAnswerable(written)) return { kind: 'misunderstood', question: written, error };
  throw misunderstood(isAnswerable.errors);
}

function readExtraPullSecret(question: WrittenQuestion): KyvernoQuestion {
  const { extraPullSecret: { namespace, name } = {}, ...rest } = question;
  const hasExtra = namespace !== undefined && name !== undefined;
  return hasExtra ? { ...rest, extraPullSecret: { namespace, name } } : rest;
}

function misunderstood(errors: readonly ErrorObject[] | null | undefined): ProviderError {
  const [error] = errors ?? [];
  const field = error?.params['additionalProperty'] as string | undefined;
  const reason = `question${error?.instancePath ?? ''} ${error?.message ?? 'is not understood'}`;
  return new ProviderError(
    'invalid_request',
    `the policy inject-secrets and the provider do not understand each other (${reason}${field ? `: ${field}` : ''}); ` +
      'apply the policies of the same release as the provider',
  );
}
