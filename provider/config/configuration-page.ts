// Writes docs/configuration.md from the table of settings.

import type { Setting } from './setting.ts';
import { settingGroups } from './settings.ts';

const introduction = `# Configuration

<!-- Made from provider/config by \`UPDATE_GOLDEN=1 node --test provider/config/configuration-page.test.ts\`; do not edit. -->

Piggy is configured by one ConfigMap, \`piggy\`: it is the provider's environment, and the policies read it too. The
provider checks all of it when it starts and reports every mistake at once, by name; a name that begins with \`PIGGY_\`
and is not below is a mistake. An empty value counts as unset. Durations are written as in Go (\`500ms\`, \`1m30s\`),
lists are comma-separated. Credentials for AWS come the usual way (IRSA, EKS Pod Identity, \`AWS_…\` variables).
`;

export function renderConfigurationPage(): string {
  const sections = Object.entries(settingGroups).map(
    ([title, settings]) => `\n## ${title}\n\n${renderTable(settings)}`,
  );
  return introduction + sections.join('');
}

function renderTable(settings: Readonly<Record<string, Setting<unknown>>>): string {
  const rows = Object.entries(settings).map(([name, { kind, fallback, description }]) => {
    const cells = [`\`${name}\``, kind.label, fallback ? `\`${fallback}\`` : '–', description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return `| name | value | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}
