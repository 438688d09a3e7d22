const MODULES = `
acl apk apt apt_key apt_repository apt_rpm archive assemble assert blockinfile bower bundler command composer copy
cpanm cron debconf debug dnf dpkg_selections easy_install fail file find gem get_url getent group homebrew
homebrew_cask homebrew_tap ini_file iso_extract layman lineinfile locale_gen macports maven_artifact meta npm
openbsd_pkg openssl_certificate openssl_csr openssl_privatekey openssl_publickey opkg package pacman pear pip pkg5
pkg5_publisher pkgin pkgng pkgutil portage portinstall pulp_repo raw redhat_subscription replace rhn_channel
rhn_register rpm_key script set_fact shell slackpkg slurp sorcery stat svr4pkg swdepot swupd tempfile timezone
unarchive uri urpmi user wait_for xattr xbps yarn yum yum_repository zypper zypper_repository
`;

/** What Ansible tasks may do, sorted. */
export function ansibleModules(): readonly string[] {
  return MODULES.trim().split(/\s+/);
}
