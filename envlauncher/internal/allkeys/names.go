// Which names no source may set, since they decide which program or library runs, with what before the application's own code.
// docs/references.md has the same table.

package allkeys

import (
	"slices"
	"strings"
)

// Refused are the names; a "*" at the end stands for any further characters.
func Refused() []string {
	return slices.Concat(
		// the dynamic linker and the C library
		[]string{"LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "LOCPATH", "NLSPATH", "MALLOC_*",
			"HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_HOST_CONF"},
		// shells, and where they find programs
		[]string{"PATH", "SHELL", "BASH_ENV", "BASH_FUNC_*", "BASH_LOADABLES_PATH", "BASHOPTS", "SHELLOPTS", "IFS", "PS4",
			"PROMPT_COMMAND", "ZDOTDIR", "CDPATH", "FPATH"},
		// programs that others start
		[]string{"EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "SSH_ASKPASS", "SUDO_ASKPASS",
			"GIT_ASKPASS", "GIT_CONFIG*", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_PROXY_COMMAND",
			"GIT_SEQUENCE_EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_TEMPLATE_DIR",
			"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "DOCKER_CONFIG", "KUBECONFIG"},
		// interpreters
		[]string{"NODE_OPTIONS", "NODE_PATH", "NPM_CONFIG_*", "npm_config_*", "PYTHONBREAKPOINT", "PYTHONEXECUTABLE", "PYTHONHOME", "PYTHONINSPECT", "PYTHONPATH",
			"PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONWARNINGS", "RUBYLIB", "RUBYOPT",
			"GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH", "PERL5*", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR",
			"LUA_CPATH*", "LUA_INIT*", "LUA_PATH*", "R_ENVIRON*", "R_LIBS*", "R_PROFILE*", "TCLLIBPATH"},
		// virtual machines
		[]string{"CLASSPATH", "JAVA_HOME", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CATALINA_OPTS",
			"GRADLE_OPTS", "MAVEN_OPTS", "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES", "DOTNET_*",
			"COMPlus_*", "CORECLR_*", "COR_*", "ERL_AFLAGS", "ERL_FLAGS", "ERL_INETRC", "ERL_LIBS", "ERL_ZFLAGS", "ELIXIR_ERL_OPTIONS"},
		// libraries that load others
		[]string{"OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_ENGINES", "OPENSSL_MODULES", "GTK_MODULES", "GTK_PATH",
			"GIO_EXTRA_MODULES", "GIO_MODULE_DIR", "KRB5_CONFIG", "QT_PLUGIN_PATH", "SASL_PATH"},
		// the launcher's own
		[]string{"PIGGY_*"},
	)
}

// Allowed are names that the owner of the installation lets sources set all the same; a "*" at the end as in Refused.
type Allowed []string

// ParseAllowed reads names that are separated by commas.
func ParseAllowed(list string) Allowed {
	var names Allowed
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// has: the launcher's own names are nobody's to allow.
func (a Allowed) has(name string) bool {
	return !matches("PIGGY_*", name) && slices.ContainsFunc(a, func(pattern string) bool { return matches(pattern, name) })
}

// refusing returns what of Refused refuses a name; empty where nothing does.
func refusing(name string) string {
	refused := Refused()
	at := slices.IndexFunc(refused, func(pattern string) bool { return matches(pattern, name) })
	if at < 0 {
		return ""
	}
	return refused[at]
}

func matches(pattern, name string) bool {
	start, isOpen := strings.CutSuffix(pattern, "*")
	return name == pattern || isOpen && strings.HasPrefix(name, start)
}
