// What a check of the doctor ends with, and how all of them are shown: a line each, or JSON.

export type Outcome =
  | { readonly status: 'ok'; readonly message: string }
  | { readonly status: 'fails' | 'not checked'; readonly message: string; readonly next: string };

export type Finding = Outcome & {
  /** What was looked at, such as "kyverno" or "container app: access". */
  readonly check: string;
};

export function ok(message: string): Outcome {
  return { status: 'ok', message };
}

/** `next` is what its reader does about it. */
export function fails(message: string, next: string): Outcome {
  return { status: 'fails', message, next };
}

export function notChecked(message: string, next: string): Outcome {
  return { status: 'not checked', message, next };
}

export function hasFailure(findings: readonly Finding[]): boolean {
  return findings.some(({ status }) => status === 'fails');
}

export function renderText(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.map((finding) => {
    const next = finding.status === 'ok' ? '' : ` → ${finding.next}`;
    const text = toOneLine(`${finding.message}${next}`);
    return `${finding.status.padEnd('not checked'.length)}  ${finding.check.padEnd(width)}  ${text}\n`;
  });
  return lines.join('');
}

export function renderJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ healthy: !hasFailure(findings), findings }, undefined, 2)}\n`;
}

// Names and messages come from Pods and AWS: none of them may begin a line of its own, or speak to a terminal.
function toOneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').replaceAll(/\p{Cc}/gu, '');
}
