// Sends one HTTP request to an address that lookups may reach, and returns an answer no larger than allowed.

import type { LookupFunction } from 'node:net';
import { Agent, Pool, ProxyAgent, request as sendHttp, type Dispatcher } from 'undici';
import { withTimeLimit } from '../concurrency/time-limit.ts';
import { ProviderError } from '../errors.ts';
import { decideAddress, literalAddress, type Reach } from './addresses.ts';
import { type HostNames, tellAddresses } from './host-names.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import { createProxyDecision } from './proxy.ts';
import type { Asker, QuestionBudget } from './question-budget.ts';
import type { RegistrySettings } from './registry-settings.ts';
import { checkProxiedName, narrowReach, selectTrust, type Trust } from './trust.ts';

export type OutboundRequest = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** GET, unless said otherwise. */
  readonly method?: 'GET' | 'HEAD';
  /** Sent by POST. */
  readonly form?: URLSearchParams;
  readonly maxBytes: number;
  /** Honoured only for hosts that the settings list. */
  readonly skipVerify: boolean;
  /** Which addresses may be asked: `any` for the registry itself, then by where the answer came from that sends on. */
  readonly reach: Reach;
  readonly asker: Asker;
};

export type OutboundAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty where an error's body was too large. */
  readonly body: Uint8Array;
  /** Which addresses it may send on to: those in private only where it came from a private one itself. */
  readonly onward: Extract<Reach, 'any' | 'public'>;
};

/** Redirects are not followed. Throws `registry_unavailable`, `registry_not_allowed`, `image_unreadable` or OverBudget. */
export type SendOutbound = (
  request: OutboundRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

export type OutboundClient = { readonly send: SendOutbound; readonly close: () => Promise<void> };

export function createOutboundClient(
  settings: RegistrySettings,
  hostNames: HostNames,
): OutboundClient {
  // One agent for all hosts without settings of their own, and one for each that the operator configured; each once for every
  // reach, so that a connection that was made for one is not used for another.
  const agents = new Map<string, Dispatcher>();
  const decideProxied = createProxyDecision(settings.noProxy);
  const { requestTimeoutMs: timeoutMs } = settings;
  const agentFor = (trust: Trust): Dispatcher => {
    const key = JSON.stringify(trust);
    const agent = agents.get(key) ?? createDispatcher(trust, timeoutMs, hostNames);
    agents.set(key, agent);
    return agent;
  };
  const sendBy = async (trust: Trust, request: OutboundRequest, signal: AbortSignal) => {
    const reach = await findReach(request, trust, (hostname) =>
      hostNames.resolve(hostname, { ...request.asker, signal }),
    );
    const answer = await exchange(request, agentFor({ ...trust, reach }), signal);
    // Who was sent into the public does not come back by the next hop.
    const isInside = reach === 'private' && request.reach !== 'public';
    return { ...answer, onward: isInside ? ('any' as const) : ('public' as const) };
  };
  return {
    send: async (request, signal) => {
      request.asker.budget.takeRequest(request.url.host);
      const trust = selectTrust(request, settings, decideProxied);
      try {
        return await withTimeLimit({ timeoutMs, signal }, (patience) =>
          sendBy(trust, request, patience),
        );
      } catch (cause) {
        if (cause instanceof ProviderError) throw cause;
        throw noAnswer(trust, timeoutMs, cause);
      }
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

/** Throws where no address may be asked. */
async function findReach(
  { url }: OutboundRequest,
  trust: Trust,
  resolve: (hostname: string) => ReturnType<HostNames['resolve']>,
): Promise<Reach> {
  const literal = literalAddress(url);
  if (literal !== undefined) return narrowReach(url, [literal], trust);
  if (trust.proxy !== undefined) {
    checkProxiedName(url);
    return trust.reach;
  }
  const addresses = await resolve(url.hostname);
  return narrowReach(
    url,
    addresses.map(({ address }) => address),
    trust,
  );
}

function createDispatcher(trust: Trust, timeoutMs: number, hostNames: HostNames): Dispatcher {
  if (trust.proxy === undefined) return createAgent(trust, timeoutMs, hostNames);
  return new ProxyAgent({
    uri: trust.proxy,
    connections: 16,
    connectTimeout: timeoutMs,
    // A proxy that does not answer CONNECT must not keep the connection to it.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: timeoutMs }),
    requestTls: {
      rejectUnauthorized: !trust.skipVerify,
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    },
  });
}

function createAgent(trust: Trust, timeoutMs: number, hostNames: HostNames): Agent {
  return new Agent({
    connections: 16,
    connect: {
      timeout: timeoutMs,
      lookup: createLookup(trust, hostNames),
      rejectUnauthorized: !trust.skipVerify,
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    },
  });
}

/**
 * The name has just been resolved; here the very addresses are checked that are then connected to, so that it cannot change its
 * mind in between.
 */
function createLookup(trust: Trust, hostNames: HostNames): LookupFunction {
  return (hostname, options, callback) => {
    const allowed = hostNames
      .latest(hostname)
      .filter(({ address }) => decideAddress(address, trust).allowed);
    queueMicrotask(() => {
      tellAddresses(allowed, options, callback);
    });
  };
}

async function exchange(
  { url, headers, method = 'GET', form, maxBytes, asker: { budget } }: OutboundRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Omit<OutboundAnswer, 'onward'>> {
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const answer = await sendHttp(url, {
    dispatcher,
    signal,
    method: form ? 'POST' : method,
    // What is digested must come as it is stored, and a compressed body could unfold without limit.
    headers: { 'user-agent': 'piggy', 'accept-encoding': 'identity', ...type, ...headers },
    ...(form ? { body: form.toString() } : {}),
  });
  const isError = answer.statusCode >= 300;
  const limit = isError ? PER_REQUEST.errorBytes : maxBytes;
  const body = await readBody(answer.body, limit, budget);
  if (!body && !isError) throw tooLarge(maxBytes);
  return { status: answer.statusCode, headers: answer.headers, body: body ?? new Uint8Array() };
}

/** undefined when there is more; the connection is then closed. */
async function readBody(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  budget: QuestionBudget,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    budget.takeBytes(chunk.length);
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** One sentence for everything that ends without an answer: a finer one would make the provider a port scanner. */
function noAnswer({ proxy }: Trust, timeoutMs: number, cause: unknown): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `no connection, no trusted certificate or no answer within ${timeoutMs / 1000} s; ` +
      `check the registry's name, ${proxy === undefined ? '' : 'HTTPS_PROXY, '}network policies and ` +
      'PIGGY_REGISTRY_CA_DIRECTORY, or set command',
    { cause },
  );
}

function tooLarge(maxBytes: number): ProviderError {
  return new ProviderError(
    'image_unreadable',
    `answered more than the ${maxBytes} bytes that are read; check the image, or set command`,
  );
}
