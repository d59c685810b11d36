// Counts what the lookups of one question use, before they use it: who asks for too much is told which bound was met.

import { ProviderError } from '../errors.ts';
import type { ImageCommand } from './image-config.ts';
import { PER_QUESTION } from './lookup-budget.ts';

/** Each throws OverBudget. */
export type QuestionBudget = {
  readonly takeRequest: (host: string) => void;
  /** Bytes that came, before they are kept. */
  readonly takeBytes: (bytes: number) => void;
  readonly takeAnswer: (command: ImageCommand) => void;
};

/** For whom a lookup is done: shares are per namespace, bounds per question. */
export type Asker = { readonly namespace: string; readonly budget: QuestionBudget };

/** Of this question alone: another one that waits for the same image has its own budget. */
export class OverBudget extends ProviderError {
  readonly budget: QuestionBudget;

  constructor(budget: QuestionBudget, problem: string) {
    super('invalid_request', `the images of this Pod ${problem}; set command on its containers`);
    this.name = 'OverBudget';
    this.budget = budget;
  }
}

export function createQuestionBudget(
  limits: Readonly<Record<keyof typeof PER_QUESTION, number>> = PER_QUESTION,
): QuestionBudget {
  const hosts = new Set<string>();
  const left = {
    requests: limits.requests,
    read: limits.bytesRead,
    answered: limits.bytesAnswered,
  };
  const budget: QuestionBudget = {
    takeRequest: (host) => {
      hosts.add(host);
      if (hosts.size > limits.hosts) throw over(`lead to more than ${limits.hosts} hosts`, budget);
      left.requests -= 1;
      if (left.requests < 0)
        throw over(`need more than ${limits.requests} requests to registries`, budget);
    },
    takeBytes: (bytes) => {
      left.read -= bytes;
      if (left.read < 0)
        throw over(`have more than ${limits.bytesRead} bytes to be read in all`, budget);
    },
    takeAnswer: ({ entrypoint, cmd }) => {
      const bytes = Buffer.byteLength(JSON.stringify([entrypoint, cmd]));
      // One that does not fit takes nothing from the others.
      if (bytes > left.answered) {
        throw over(`have commands of more than ${limits.bytesAnswered} bytes in all`, budget);
      }
      left.answered -= bytes;
    },
  };
  return budget;
}

function over(problem: string, budget: QuestionBudget): ProviderError {
  return new OverBudget(budget, problem);
}
