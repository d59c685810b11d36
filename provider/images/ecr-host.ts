// Reads the region out of the host of a private ECR registry
// (https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html).

export type EcrEndpoint = { readonly region: string; readonly fips: boolean };

const ECR_HOST =
  /^\d{12}\.dkr[.-]ecr(?<fips>-fips)?\.(?<region>[a-z\d][a-z\d-]{0,62})\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/i;

/** undefined for every other registry. */
export function parseEcrHost(registry: string): EcrEndpoint | undefined {
  const groups = ECR_HOST.exec(registry)?.groups;
  if (!groups) return undefined;
  return { region: groups['region']?.toLowerCase() ?? '', fips: groups['fips'] !== undefined };
}
