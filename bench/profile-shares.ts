// Says which modules a CPU profile's time went to: what runs inside Node itself is counted with the module that called it.

/** As `node --cpu-prof` writes it; times in microseconds. */
export type CpuProfile = {
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

export type ProfileNode = {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
};

export type CallFrame = {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
};

export type Share = { readonly module: string; readonly percent: number };

export type ShareOptions = {
  /** On the profile's clock; what came before, the start of the process above all, does not count. */
  readonly sinceUs: number;
  /** The path of the source file; `undefined` for what is Node's own. */
  readonly locate: (frame: CallFrame) => string | undefined;
};

/** The largest first. */
export function shareByModule(profile: CpuProfile, { sinceUs, locate }: ShareOptions): Share[] {
  const modules = nameModules(profile.nodes, locate);
  const spentUs = new Map<string, number>();
  let [atUs, totalUs] = [profile.startTime, 0];
  for (const [index, id] of profile.samples.entries()) {
    const lastedUs = profile.timeDeltas[index] ?? 0;
    atUs += lastedUs;
    const module = modules.get(id);
    if (atUs < sinceUs || module === undefined) continue;
    totalUs += lastedUs;
    spentUs.set(module, (spentUs.get(module) ?? 0) + lastedUs);
  }
  return [...spentUs]
    .map(([module, us]) => ({ module, percent: (100 * us) / totalUs }))
    .sort((one, other) => other.percent - one.percent);
}

/** By the id of the node; nothing for the time in which nothing ran. */
function nameModules(
  nodes: readonly ProfileNode[],
  locate: ShareOptions['locate'],
): ReadonlyMap<number, string> {
  const callers = new Map(
    nodes.flatMap((caller) => (caller.children ?? []).map((id) => [id, caller] as const)),
  );
  const nameOf = (node: ProfileNode): string => {
    for (let at: ProfileNode | undefined = node; at !== undefined; at = callers.get(at.id)) {
      const path = locate(at.callFrame);
      if (path !== undefined) return nameModule(path);
    }
    return "Node's event loop, TLS and HTTP";
  };
  return new Map(
    nodes.flatMap((node) => {
      const { functionName } = node.callFrame;
      if (functionName === '(idle)') return [];
      const isGarbage = functionName === '(garbage collector)';
      return [[node.id, isGarbage ? 'garbage collection' : nameOf(node)] as const];
    }),
  );
}

/** A package by its name, our own code by its folder. */
function nameModule(path: string): string {
  const inPackage = /.*node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)/.exec(path)?.groups?.['name'];
  return inPackage ?? /provider\/[^/]+/.exec(path)?.[0] ?? path;
}
