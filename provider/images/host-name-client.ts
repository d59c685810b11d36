// Resolves a host name as every program on this host does: /etc/hosts, search domains and all.

import { lookup } from 'node:dns/promises';
import type { ResolveHostName } from './host-names.ts';

export const resolveHostName: ResolveHostName = (hostname) => lookup(hostname, { all: true });
