//! Which environment variables are part of a command: those that change what programs do.
//!
//! All others are handed on as they are, and nobody is asked about them. One list, with a reason for each
//! part of it.

/// Variables that have the same kind of effect.
#[derive(Clone, Copy, Debug)]
pub struct VariableGroup {
    /// What they change.
    pub changes: &'static str,
    /// Their names; a `*` stands for any end, or for any beginning.
    pub names: &'static [&'static str],
}

/// Every variable that is part of a command.
pub const VARIABLE_GROUPS: [VariableGroup; 14] = [
    VariableGroup {
        changes: "which code is loaded into a program before its own",
        names: &["LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH", "NLSPATH", "MALLOC_*"],
    },
    VariableGroup {
        changes: "which programs, settings and temporary files are found",
        names: &["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "XDG_*", "SHELL", "CDPATH", "DBUS_*"],
    },
    VariableGroup {
        changes: "what a shell runs, and how it reads what it runs",
        names: &[
            "BASH_*",
            "BASHOPTS",
            "ENV",
            "EXECIGNORE",
            "FPATH",
            "GLOBIGNORE",
            "IFS",
            "INPUTRC",
            "POSIXLY_CORRECT",
            "PROMPT_COMMAND",
            "PS4",
            "SHELLOPTS",
            "ZDOTDIR",
        ],
    },
    VariableGroup {
        changes: "which code an interpreter loads, and how it runs it",
        names: &[
            "PYTHON*",
            "VIRTUAL_ENV",
            "CONDA_*",
            "PERL*",
            "RUBY*",
            "NODE_*",
            "DENO_*",
            "BUN_*",
            "PHP*",
            "LUA_*",
            "TCLLIBPATH",
            "R_*",
            "JAVA_*",
            "JDK_JAVA_OPTIONS",
            "_JAVA_OPTIONS",
            "CLASSPATH",
            "ERL_*",
            "GUILE_*",
            "AWKPATH",
            "AWKLIBPATH",
            "DOTNET_*",
            "CORECLR_*",
            "COMPlus_*",
            "PSModulePath",
        ],
    },
    VariableGroup {
        changes: "what a package manager fetches, from where, and what it runs",
        names: &[
            "npm_config_*",
            "NPM_CONFIG_*",
            "YARN_*",
            "PNPM_*",
            "COREPACK_*",
            "PIP_*",
            "UV_*",
            "POETRY_*",
            "GEM_*",
            "BUNDLE_*",
            "COMPOSER_*",
            "NUGET_*",
            "HOMEBREW_*",
            "NIX_*",
        ],
    },
    VariableGroup {
        changes: "what is compiled, by what, and which commands a build runs",
        names: &[
            "CARGO_*",
            "RUSTC*",
            "RUSTFLAGS",
            "RUSTDOC*",
            "RUSTUP_*",
            "GO111MODULE",
            "GOARCH",
            "GOAUTH",
            "GOBIN",
            "GOCACHE",
            "GODEBUG",
            "GOENV",
            "GOEXPERIMENT",
            "GOFLAGS",
            "GOINSECURE",
            "GOMODCACHE",
            "GONOPROXY",
            "GONOSUMDB",
            "GOOS",
            "GOPATH",
            "GOPRIVATE",
            "GOPROXY",
            "GOROOT",
            "GOSUMDB",
            "GOTMPDIR",
            "GOTOOLCHAIN",
            "GOVCS",
            "GOWORK",
            "CGO_*",
            "MAKE",
            "MAKEFLAGS",
            "MFLAGS",
            "GNUMAKEFLAGS",
            "MAKEFILES",
            "CC",
            "CXX",
            "CPP",
            "LD",
            "AR",
            "AS",
            "CFLAGS",
            "CXXFLAGS",
            "CPPFLAGS",
            "LDFLAGS",
            "CPATH",
            "C_INCLUDE_PATH",
            "CPLUS_INCLUDE_PATH",
            "LIBRARY_PATH",
            "COMPILER_PATH",
            "GCC_*",
            "CCACHE_*",
            "CMAKE_*",
            "PKG_CONFIG*",
            "MAVEN_*",
            "GRADLE_*",
            "SBT_*",
        ],
    },
    VariableGroup {
        changes: "which repository, settings and helpers a version control system uses",
        names: &["GIT_*", "HG*", "SVN_*", "GNUPGHOME", "SSH_ASKPASS*", "SSH_AUTH_SOCK", "SUDO_ASKPASS"],
    },
    VariableGroup {
        changes: "which program is started to edit, show or open something",
        names: &[
            "EDITOR",
            "VISUAL",
            "SUDO_EDITOR",
            "FCEDIT",
            "PAGER",
            "MANPAGER",
            "SYSTEMD_PAGER",
            "SYSTEMD_EDITOR",
            "LESS*",
            "MORE",
            "BROWSER",
            "VIMINIT",
            "EXINIT",
            "MYVIMRC",
            "RIPGREP_CONFIG_PATH",
            "FZF_DEFAULT_*",
            "TERMINFO*",
            "TERMCAP",
        ],
    },
    VariableGroup {
        changes: "whom a connection trusts, and through whom it goes",
        names: &[
            "SSL_CERT_*",
            "SSLKEYLOGFILE",
            "OPENSSL_*",
            "CURL_*",
            "REQUESTS_CA_BUNDLE",
            "*_proxy",
            "*_PROXY",
            "RES_OPTIONS",
            "LOCALDOMAIN",
            "HOSTALIASES",
            "NETRC",
            "WGETRC",
        ],
    },
    VariableGroup {
        changes: "which containers and clusters are acted upon",
        names: &[
            "DOCKER_*",
            "COMPOSE_*",
            "BUILDKIT_*",
            "CONTAINER_HOST",
            "CONTAINERS_*",
            "KUBE*",
            "HELM_*",
            "ANSIBLE_*",
        ],
    },
    VariableGroup {
        changes: "what infrastructure code acts upon, and with which arguments",
        names: &["TF_*", "TERRAGRUNT_*", "PULUMI_*"],
    },
    VariableGroup {
        changes: "which cloud account and region are acted upon",
        names: &[
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_ENDPOINT_URL*",
            "AWS_CA_BUNDLE",
            "AWS_ROLE_ARN",
            "CLOUDSDK_*",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_CLOUD_PROJECT",
            "AZURE_CONFIG_DIR",
            "VAULT_ADDR",
            "VAULT_NAMESPACE",
        ],
    },
    VariableGroup {
        changes: "which database is acted upon",
        names: &[
            "DATABASE_URL",
            "REDIS_URL",
            "MONGODB_URI",
            "PGHOST",
            "PGHOSTADDR",
            "PGPORT",
            "PGDATABASE",
            "PGUSER",
            "PGSERVICE",
            "PGSERVICEFILE",
            "PGOPTIONS",
            "PGPASSFILE",
            "PSQLRC",
            "MYSQL_HOST",
            "MYSQL_HOME",
            "SQLITE_HISTORY",
        ],
    },
    VariableGroup {
        changes: "in which environment a service believes itself to be",
        names: &["RAILS_ENV", "RACK_ENV", "APP_ENV", "FLASK_*", "DJANGO_SETTINGS_MODULE", "ENVIRONMENT"],
    },
];

/// Whether a variable is part of a command.
///
/// # Example
/// ```
/// use aegis_runtime::command::is_part_of_command;
///
/// assert!(is_part_of_command("LD_PRELOAD") && is_part_of_command("https_proxy"));
/// assert!(!is_part_of_command("LINES"));
/// ```
#[must_use]
pub fn is_part_of_command(name: &str) -> bool {
    VARIABLE_GROUPS.iter().flat_map(|group| group.names).any(|pattern| {
        match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
            (Some(beginning), _) => name.starts_with(beginning),
            (_, Some(end)) => name.ends_with(end),
            _ => name == *pattern,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_programs_is_part_of_a_command() {
        for name in [
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "PATH",
            "NODE_OPTIONS",
            "NODE_PATH",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PERL5LIB",
            "PERL5OPT",
            "RUBYOPT",
            "GIT_SSH_COMMAND",
            "BASH_ENV",
            "BASH_FUNC_ls%%",
            "ENV",
            "IFS",
            "SHELLOPTS",
            "BASHOPTS",
            "PS4",
            "_JAVA_OPTIONS",
            "JAVA_TOOL_OPTIONS",
            "CLASSPATH",
            "GLIBC_TUNABLES",
            "GCONV_PATH",
            "SSL_CERT_FILE",
            "http_proxy",
            "ALL_PROXY",
            "EDITOR",
            "VISUAL",
            "PAGER",
            "LESSOPEN",
            "CARGO_BUILD_RUSTC_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "GOFLAGS",
            "npm_config_registry",
            "PIP_INDEX_URL",
            "DOCKER_HOST",
            "KUBECONFIG",
            "MAKEFLAGS",
            "HOME",
            "TMPDIR",
            "SHELL",
        ] {
            assert!(is_part_of_command(name), "{name}");
        }
        for name in [
            "LANG",
            "TERM",
            "LINES",
            "PATHX",
            "MYPATH",
            "",
            "proxy",
            "AEGIS_DB",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_API_KEY",
        ] {
            assert!(!is_part_of_command(name), "{name}");
        }
    }

    #[test]
    fn the_list_names_nothing_twice_and_can_be_read() {
        let names: Vec<_> = VARIABLE_GROUPS.iter().flat_map(|group| group.names).collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names.iter().skip(index + 1).any(|other| other == name), "{name}");
            assert!(name.len() > 1 && name.matches('*').count() <= 1, "{name}");
            assert!(!name.contains('*') || name.starts_with('*') != name.ends_with('*'), "{name}");
        }
    }
}
