//! A directory of the test's own: Debian's slapd (`OpenLDAP`) on loopback, with a few people in it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::config::{Attributes, Bind, Directory};
use ldap3::{Ldap, LdapConnAsync, Mod};
use tempfile::TempDir;
use zeroize::Zeroizing;

const PROGRAM: &str = "/usr/sbin/slapd";
const ADMIN: &str = "cn=admin,dc=example,dc=org";
pub const READER: &str = "cn=reader,dc=example,dc=org";
pub const PEOPLE: &str = "ou=people,dc=example,dc=org";
pub const GROUPS: &str = "ou=groups,dc=example,dc=org";
/// Everybody's password there, which is nobody's here.
pub const THEIRS: &str = "an anvil and an apple";

pub struct Slapd {
    child: Child,
    folder: TempDir,
    port: u16,
    tls_port: u16,
    /// The authority of its certificate (PEM).
    pub authority: Vec<u8>,
}

impl Slapd {
    /// Starts one, for names of this host.
    pub fn start() -> Self {
        assert!(std::path::Path::new(PROGRAM).exists(), "{PROGRAM} is missing: `make test` installs it");
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("cert.pem", &pair.cert.pem());
        write("key.pem", &pair.signing_key.serialize_pem());
        write("slapd.conf", &configuration(&folder));
        write("people.ldif", &people());
        let file = |name: &str| folder.path().join(name);
        let load = Command::new("/usr/sbin/slapadd")
            .args([
                "-f".as_ref(),
                file("slapd.conf").as_os_str(),
                "-l".as_ref(),
                file("people.ldif").as_os_str(),
            ])
            .output()
            .unwrap();
        assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stderr));
        let [port, tls_port] = free_ports();
        let child = Command::new(PROGRAM)
            .arg("-f")
            .arg(file("slapd.conf"))
            .args(["-h", &format!("ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"), "-d", "0"])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(file("log")).unwrap())
            .spawn()
            .unwrap();
        let mut slapd = Self { child, folder, port, tls_port, authority: pair.cert.pem().into_bytes() };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", tls_port)).is_err() {
            let log = std::fs::read_to_string(slapd.folder.path().join("log")).unwrap();
            assert!(slapd.child.try_wait().unwrap().is_none(), "slapd ended: {log}");
            assert!(started.elapsed() < Duration::from_secs(10), "slapd does not come up: {log}");
            std::thread::sleep(Duration::from_millis(5));
        }
        slapd
    }

    /// By ldaps, looked up by a reader.
    pub fn settings(&self) -> Directory {
        Directory {
            url: format!("ldaps://localhost:{}", self.tls_port).parse().unwrap(),
            start_tls: false,
            ca_certificates: Some(self.authority.clone()),
            bind: Bind::AsService { dn: READER.to_owned(), password: Zeroizing::new("reads".to_owned()) },
            base: PEOPLE.to_owned(),
            filter: "(|(uid={login})(mail={login}))".to_owned(),
            attributes: attributes(),
            groups_base: Some(GROUPS.to_owned()),
            trust_email: true,
            timeout: Duration::from_secs(5),
        }
    }

    /// By `StartTLS`.
    pub fn by_start_tls(&self) -> Directory {
        let url = format!("ldap://localhost:{}", self.port).parse().unwrap();
        Directory { url, start_tls: true, ..self.settings() }
    }

    /// As its administrator.
    pub async fn administrator(&self) -> Ldap {
        let (driver, mut ldap) =
            LdapConnAsync::new(&format!("ldap://127.0.0.1:{}", self.port)).await.unwrap();
        tokio::spawn(driver.drive());
        ldap.simple_bind(ADMIN, "secret").await.unwrap().success().unwrap();
        ldap
    }

    /// Gives an attribute of an entry this value.
    pub async fn set(&self, dn: &str, name: &str, value: &str) {
        let change = Mod::Replace(name, HashSet::from([value]));
        self.administrator().await.modify(dn, vec![change]).await.unwrap().success().unwrap();
    }

    /// Adds somebody, as a new entry with an id of its own.
    pub async fn add(&self, uid: &str, mail: &str) {
        let one = |text| HashSet::from([text]);
        let entry = vec![
            ("objectClass", one("inetOrgPerson")),
            ("uid", one(uid)),
            ("cn", one(uid)),
            ("sn", one(uid)),
            ("mail", one(mail)),
            ("userPassword", one(THEIRS)),
        ];
        let dn = format!("uid={uid},{PEOPLE}");
        self.administrator().await.add(&dn, entry).await.unwrap().success().unwrap();
    }

    pub async fn delete(&self, uid: &str) {
        let dn = format!("uid={uid},{PEOPLE}");
        self.administrator().await.delete(&dn).await.unwrap().success().unwrap();
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn attributes() -> Attributes {
    let name = str::to_owned;
    Attributes {
        id: name("entryUUID"),
        username: name("uid"),
        email: name("mail"),
        name: name("cn"),
        groups: name("memberOf"),
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// It lets nameless and passwordless binds "succeed", as RFC 4513 §5.1.2 warns of.
fn configuration(folder: &TempDir) -> String {
    let path = folder.path().display();
    format!(
        "include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {path}/pid
argsfile {path}/args
allow bind_anon_cred bind_anon_dn
TLSCertificateFile {path}/cert.pem
TLSCertificateKeyFile {path}/key.pem
database mdb
maxsize 10485760
suffix \"dc=example,dc=org\"
rootdn \"{ADMIN}\"
rootpw secret
directory {path}/data
dbnosync
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=\"{READER}\" read by self read by * none
"
    )
}

fn people() -> String {
    let mut text = format!(
        "dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reads

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

"
    );
    for (uid, name) in [("ada", "Ada Lovelace"), ("bob", "Bob"), ("eve", "Eve")] {
        write!(
            text,
            "dn: uid={uid},{PEOPLE}
objectClass: inetOrgPerson
uid: {uid}
cn: {name}
sn: {name}
mail: {uid}@Example.ORG
userPassword: {THEIRS}
{}
",
            if uid == "ada" { format!("memberOf: cn=staff,{GROUPS}\n") } else { String::new() }
        )
        .unwrap();
    }
    // No password; and a name that cannot be a user name here.
    write!(
        text,
        "dn: uid=ghost,{PEOPLE}
objectClass: inetOrgPerson
uid: ghost
cn: Ghost
sn: Ghost

dn: uid=odd name,{PEOPLE}
objectClass: inetOrgPerson
uid: odd name
cn: Odd
sn: Odd
mail: odd@example.org
userPassword: {THEIRS}

dn: cn=staff,{GROUPS}
objectClass: groupOfNames
cn: staff
member: uid=ada,{PEOPLE}
member: uid=ghost,{PEOPLE}

"
    )
    .unwrap();
    text
}
