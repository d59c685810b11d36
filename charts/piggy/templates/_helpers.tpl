{{/* The names piggy, piggy-access, piggy-ca and piggy-admission are fixed: the policies read objects of these names. */}}

{{- define "piggy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "piggy" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-piggy" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "piggy.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "piggy.fullname" .) -}}
{{- end -}}

{{- define "piggy.selectorLabels" -}}
app.kubernetes.io/name: piggy
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: provider
{{- end -}}

{{- define "piggy.labels" -}}
app.kubernetes.io/name: piggy
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Called with a list: an image of values.yaml, and the chart. */}}
{{- define "piggy.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (index . 1).AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "piggy.host" -}}
{{- printf "%s.%s.svc" (include "piggy.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "piggy.address" -}}
{{- $port := int .Values.service.port -}}
{{- printf "https://%s%s" (include "piggy.host" .) (ternary "" (printf ":%d" $port) (eq $port 443)) -}}
{{- end -}}

{{- define "piggy.lookupAddress" -}}
{{- printf "http://%s:8080" (include "piggy.host" .) -}}
{{- end -}}

{{/* The settings that follow from other values; env comes over them. An empty one is left out. */}}
{{- define "piggy.settings" -}}
{{- $settings := dict
  "PIGGY_ADDRESS" (include "piggy.address" .)
  "PIGGY_LOOKUP_ADDRESS" (include "piggy.lookupAddress" .)
  "PIGGY_SERVICE_NAME" (include "piggy.fullname" .)
  "PIGGY_ENGINE" (ternary .Values.engine "" (eq .Values.engine "native"))
  "PIGGY_ENV_IMAGE" (include "piggy.image" (list .Values.launcher.image .Chart))
  "PIGGY_ENV_IMAGE_PULL_POLICY" .Values.launcher.image.pullPolicy
  "PIGGY_ACCESS_DEFAULT" .Values.access.default
  "PIGGY_ACCESS_RULES_FILE" "/etc/piggy/access/access.yaml"
  "PIGGY_PULL_SECRET_NAMESPACES" (.Values.pullSecrets.namespaces | join "," | default "none")
  "PIGGY_SHARED_PULL_SECRET_NAMESPACES" (.Values.pullSecrets.sharedNamespaces | join "," | default "none")
  "PIGGY_CERTIFICATES" (ternary "managed" "files" (eq .Values.certificates.source "managed"))
  "PIGGY_CERTIFICATE_NAMES" (.Values.certificates.names | join ",")
  "PIGGY_SEALING_KEY" (ternary "managed" "files" (eq .Values.sealingKey.source "managed"))
  "AWS_REGION" .Values.aws.region
-}}
{{- if ne .Values.certificates.source "managed" -}}
{{- $_ := set $settings "PIGGY_PUBLISH_CA" (toString .Values.certificates.publishCa) -}}
{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- /* A number of values.yaml is a float, and 1000000 of those would print as 1e+06. */ -}}
{{- $_ := set $settings $name (ternary (int64 $value | toString) (toString $value) (kindIs "float64" $value)) -}}
{{- end -}}
{{- range $name, $value := $settings }}
{{- if ne $value "" }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "piggy.tlsSecretName" -}}
{{- ternary "piggy-tls" .Values.certificates.secretName (eq .Values.certificates.source "certManager") -}}
{{- end -}}

{{/* Of the provider's Pods: any uid will do, so where the namespace prescribes one, they name none. */}}
{{- define "piggy.podSecurityContext" -}}
runAsNonRoot: true
{{- if not .Values.openshift.enabled }}
runAsUser: 65532
runAsGroup: 65532
# So that a projected AWS token can be read.
fsGroup: 65532
{{- end }}
seccompProfile: { type: RuntimeDefault }
{{- end -}}
