// Reads the region out of the host of an ECR registry
// (https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html).

export type EcrEndpoint =
  | { readonly kind: 'private'; readonly region: string; readonly fips: boolean }
  | { readonly kind: 'public' };

const PRIVATE_HOST =
  /^\d{12}\.dkr[.-]ecr(?<fips>-fips)?\.(?<region>[a-z\d][a-z\d-]{0,62})\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/i;
const PUBLIC_HOST = /^(?:public\.ecr\.aws|ecr-public\.aws\.com)$/i;

/** undefined for every other registry. */
export function parseEcrHost(registry: string): EcrEndpoint | undefined {
  if (PUBLIC_HOST.test(registry)) return { kind: 'public' };
  const groups = PRIVATE_HOST.exec(registry)?.groups;
  if (!groups) return undefined;
  const region = groups['region']?.toLowerCase() ?? '';
  return { kind: 'private', region, fips: groups['fips'] !== undefined };
}
