// Reads WWW-Authenticate: how a registry wants to be asked
// (RFC 9110 section 11.6.1; https://distribution.github.io/distribution/spec/auth/token/).

export type Challenge = { readonly kind: 'basic' } | BearerChallenge;

export type BearerChallenge = {
  readonly kind: 'bearer';
  /** Where tokens are given, as the registry wrote it: not yet checked. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string | undefined;
};

type Scheme = { readonly name: string; readonly parameters: Map<string, string> };

const MAX_LENGTH = 16_384;

const SEPARATORS = /[\s,]*/y;
// Values are quoted or not; some registries leave the quotes of a URL out.
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const SCHEME = /[!#$%&'*+.^_`|~\w-]+(?=[\s,]|$)/y;
const TOKEN_68 = /\s+[\w.~+/-]+=*(?=\s*(?:,|$))/y;

/** The first challenge that we can answer, among several headers or several challenges in one. */
export function selectChallenge(headers: readonly string[]): Challenge | undefined {
  return headers
    .flatMap((header) => parseSchemes(header.slice(0, MAX_LENGTH)))
    .map(parseChallenge)
    .find((challenge) => challenge !== undefined);
}

function parseChallenge({ name, parameters }: Scheme): Challenge | undefined {
  if (name === 'basic') return { kind: 'basic' };
  const realm = parameters.get('realm');
  if (name !== 'bearer' || realm === undefined) return undefined;
  return {
    kind: 'bearer',
    realm,
    service: parameters.get('service'),
    scope: parameters.get('scope'),
  };
}

/** What does not parse ends the header; the challenges before it stand. */
function parseSchemes(header: string): readonly Scheme[] {
  const schemes: Scheme[] = [];
  const take = createScanner(header);
  for (;;) {
    take(SEPARATORS);
    const parameter = take(PARAMETER);
    const scheme = parameter ? undefined : take(SCHEME);
    if (parameter) {
      schemes.at(-1)?.parameters.set(...parseParameter(parameter));
    } else if (scheme) {
      schemes.push({ name: scheme[0].toLowerCase(), parameters: new Map() });
      take(TOKEN_68);
    } else {
      return schemes;
    }
  }
}

function parseParameter([, name = '', quoted, plain = '']: RegExpExecArray): [string, string] {
  return [name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain];
}

/** Takes what a sticky pattern matches where the last one ended. */
function createScanner(text: string): (pattern: RegExp) => RegExpExecArray | null {
  let position = 0;
  return (pattern) => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found;
  };
}
