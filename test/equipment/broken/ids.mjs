const ONE_ID = { rung: 'native-chroot', driver: 'plain' };

/** What is wrong with the account and its ranges of ids: builds go on with a single id. */
export const IDS = [
  {
    name: 'no line in /etc/subuid',
    setup: ': >/etc/subuid; : >/etc/subgid',
    doctor: {
      finding: 'subordinate-ids',
      says: /builder has 0 subordinate ids in \/etc\/subuid/,
      fix: /builder:100000:65536.*\/etc\/subuid/,
    },
  },
  {
    name: 'too small a range in /etc/subuid',
    setup: 'echo builder:400000:1000 | tee /etc/subuid >/etc/subgid',
    doctor: {
      finding: 'subordinate-ids',
      says: /builder has 1000 subordinate ids in \/etc\/subuid, images need 65536/,
      fix: /usermod --add-subuids/,
    },
  },
  {
    name: '/etc/subuid that users may not read',
    setup: 'chmod 600 /etc/subuid',
    doctor: {
      finding: 'subordinate-ids',
      says: /\/etc\/subuid may not be read/,
      fix: /chmod 644 \/etc\/subuid/,
    },
  },
  {
    name: 'newuidmap without setuid bit',
    setup: 'chmod u-s /usr/bin/newuidmap',
    doctor: {
      finding: 'newuidmap',
      says: /newuidmap has neither the setuid bit nor file capabilities/,
      fix: /chmod u\+s/,
    },
  },
  {
    name: 'newuidmap not installed',
    setup: 'rm /usr/bin/newuidmap /usr/bin/newgidmap',
    doctor: { finding: 'newuidmap', says: /newuidmap is not installed/, fix: /apt-get install -y uidmap/ },
  },
  {
    name: 'newuidmap that does not belong to root',
    setup: 'chown 4711 /usr/bin/newuidmap; chmod 4755 /usr/bin/newuidmap',
    doctor: { finding: 'newuidmap', says: /newuidmap belongs to the user 4711/, fix: /chown root:/ },
  },
  {
    name: 'newuidmap on a file system mounted nosuid',
    setup: `mkdir /run/programs
mv /usr/bin/newuidmap /usr/bin/newgidmap /run/programs
mount --bind /run/programs /run/programs
mount -o remount,bind,nosuid /run/programs`,
    variables: { PATH: '/run/programs:/usr/local/bin:/usr/bin:/bin:/usr/sbin' },
    doctor: {
      finding: 'newuidmap',
      says: /lies on a file system mounted nosuid/,
      fix: /remount,suid \/run\/programs/,
    },
  },
  {
    name: 'user without a line in /etc/passwd',
    setup: 'sed -i /^builder:/d /etc/passwd; : >/etc/subuid; : >/etc/subgid',
    variables: { USER: null },
    doctor: {
      finding: 'subordinate-ids',
      says: /uid 4711 has no line in \/etc\/passwd/,
      fix: /tee -a \/etc\/passwd/,
    },
  },
  {
    name: 'no_new_privs',
    privileges: ['--no-new-privs'],
    doctor: {
      finding: 'no-new-privileges',
      says: /no_new_privs|newuidmap has no power/,
      fix: /NoNewPrivileges=no/,
    },
  },
].map((environment) => ({ ...ONE_ID, ...environment }));
