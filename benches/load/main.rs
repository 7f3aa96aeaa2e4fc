//! The load benchmark (`make bench`): Countersign and its peers side by side, the server on one core, this driver on
//! another, driven as a browser and a relying party would. Only answers whose content was checked count.
//!
//! Ratios outlive machines; the absolute figures are this one's.

mod bounds;
mod console;
mod driver;
mod glewlwyd;
mod growth;
mod measure;
mod report;
mod scenario;
mod servers;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum as _};
use tokio::signal::unix::{SignalKind, signal};

use self::bounds::Bounds;
use self::driver::Agent;
use self::measure::{Measured, Pace, measure, sign_ins};
use self::report::{Other, Row};
use self::scenario::{DISCOVERY, Provider, Scenario};
use self::servers::{Bare, Countersign, Hashing, Peer, PeerKind, PostgresDatabase, Process};

const CONNECTIONS: [usize; 2] = [16, 64];

/// Users in the database: one for each connection.
const USERS: usize = 64;

/// So long at least where passwords are hashed: there are a few answers a second, each of which takes a while.
const HASHING_TAKES: Duration = Duration::from_secs(10);

/// Sign-ins of `--memory`, by each user.
const SIGN_INS_EACH: usize = 1_563;

#[derive(Parser)]
#[command(name = "load", about = "Countersign and its peers side by side")]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
struct Options {
    /// How long each scenario is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u64,
    /// Only this scenario
    #[arg(long, value_name = "NAME")]
    only: Option<Scenario>,
    /// On databases of its own on this PostgreSQL server, instead of SQLite
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Algorithms the peers sign with, measured one after the other (their own default is RS256)
    #[arg(long, value_name = "ALG", default_values = ["RS256", "ES256"], value_parser = ["ES256", "RS256"])]
    peer_signs: Vec<String>,
    /// 100,000 sign-ins, then the resident memory
    #[arg(long)]
    memory: bool,
    /// The same work on databases of up to a million users and ten million grants (some 10 GB of disk)
    #[arg(long, conflicts_with = "postgres")]
    growth: bool,
    /// Every page and list of the administrator's console on a large database, against 100 ms each (some 8 GB of disk)
    #[arg(long, conflicts_with_all = ["postgres", "growth"])]
    console: bool,
    /// Users of --console
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(200..=5_000_000))]
    users: u32,
    /// Rows of the audit log of --console
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    audit_rows: u32,
    /// Applications of --console
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(7..=100_000))]
    clients: u32,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(Bare::ARGUMENT) {
        return Bare::serve(arguments.collect());
    }
    let options = Options::parse();
    servers::take_the_drivers_core();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(on_databases(&options))
}

/// Keeps the driver's core from falling asleep. On a virtual machine, waking a sleeping core takes as long as answering a
/// request, and it is the sender who pays: a server would be measured by how often the driver has nothing to do.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

async fn on_databases(options: &Options) -> Result<()> {
    if options.console {
        let Options { users, audit_rows, clients, .. } = *options;
        let run = console::run(console::Size { users, audit_rows, clients });
        return unless_interrupted(Box::pin(run)).await;
    }
    if options.growth {
        return unless_interrupted(growth::run(Duration::from_secs(options.seconds.max(1)))).await;
    }
    let Some(server) = &options.postgres else {
        return unless_interrupted(run(options, [None, None])).await;
    };
    let cheap = PostgresDatabase::create(server, "cheap").await?;
    let usual = PostgresDatabase::create(server, "usual").await?;
    let urls = [Some(cheap.url()?), Some(usual.url()?)];
    let outcome = unless_interrupted(run(options, urls)).await;
    cheap.drop().await?;
    usual.drop().await?;
    outcome
}

/// Leaving early drops the work, and so ends every process that it started.
async fn unless_interrupted(work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminated.recv() => bail!("terminated"),
    }
}

async fn run(options: &Options, [cheap, usual]: [Option<String>; 2]) -> Result<()> {
    let scratch = servers::scratch()?;
    let bounds = Bounds::measure(scratch.path())?;
    print_bounds(&bounds);

    let mut ours = Countersign::set_up(Hashing::Cheap, cheap.as_deref(), USERS)?;
    start_often(&mut ours)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report::at_most("resident when idle", ours.process()?.resident_mb()?, 30.0, "MB");
    if options.memory {
        return remember(&ours).await;
    }

    let wanted = |scenario: &Scenario| options.only.is_none_or(|only| only == *scenario);
    let scenarios: Vec<_> =
        Scenario::value_variants().iter().copied().filter(|scenario| wanted(scenario)).collect();
    let mut contest = Contest::begin(&ours, &scenarios, scratch.path(), &options.peer_signs).await?;
    // PostgreSQL is on the driver's core, and would wait for its turn there.
    contest.stays_awake = cheap.is_none();
    let length = Duration::from_secs(options.seconds.max(1));
    let mut rows = Vec::new();
    for scenario in scenarios {
        if scenario == Scenario::SignIn {
            rows.extend(password_sign_in(usual.as_deref(), &bounds, length.max(HASHING_TAKES)).await?);
            continue;
        }
        for connections in CONNECTIONS {
            rows.extend(contest.rows(scenario, connections, length).await?);
        }
    }
    println!("\n{}\n", report::table(&rows));
    for (kind, why) in &contest.absent {
        println!("without {}: {why:#}", kind.name());
    }
    println!("resident at the end: {:.0} MB", ours.process()?.resident_mb()?);
    for Peer { kind, signs, process, .. } in &contest.peers {
        println!("that of {}, which signs {signs}: {:.0} MB", kind.name(), process.resident_mb()?);
    }
    rows.dedup_by_key(|row| (row.scenario, row.connections));
    for row in rows.iter().filter(|row| row.ours.failures > 0) {
        let why = row.ours.first_failure.as_deref().unwrap_or_default();
        println!("{} failed {} times: {why}", row.scenario.title(), row.ours.failures);
    }
    Ok(())
}

fn print_bounds(bounds: &Bounds) {
    println!("One core of this machine, per second:");
    let Bounds { es256, eddsa, rs256, commits, hashes } = bounds;
    println!("  signatures: ES256 {es256:.0}, EdDSA {eddsa:.0}, RS256 {rs256:.0}");
    println!("  commits, each on the disk before the next: {commits:.0}");
    println!("  argon2id hashes: {hashes:.1}");
}

/// Its start on a database that is there, the middle one of five; leaves it running.
fn start_often(ours: &mut Countersign) -> Result<()> {
    ours.start()?; // the first makes the keys
    let mut times = Vec::new();
    for _ in 0..5 {
        ours.stop()?;
        times.push(ours.start()?);
    }
    times.sort();
    let middle = times.get(times.len() / 2).context("no start")?;
    report::at_most("start to first answer", middle.as_secs_f64() * 1e3, 150.0, "ms");
    Ok(())
}

async fn remember(ours: &Countersign) -> Result<()> {
    let provider = Arc::new(Provider::discover(ours.server, &ours.client_secret).await?);
    sign_ins(&provider, USERS, SIGN_INS_EACH).await?;
    let resident = ours.process()?.resident_mb()?;
    println!("resident after {} sign-ins: {resident:.0} MB", USERS * SIGN_INS_EACH);
    Ok(())
}

/// On a server of its own, whose passwords are hashed as they should be.
async fn password_sign_in(database: Option<&str>, bounds: &Bounds, length: Duration) -> Result<Vec<Row>> {
    let mut ours = Countersign::set_up(Hashing::Default, database, USERS)?;
    ours.start()?;
    let provider = Arc::new(Provider::discover(ours.server, &ours.client_secret).await?);
    let other = Other { name: "argon2".to_owned(), per_second: bounds.hashes, core: 1.0, sets_target: true };
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let scenario = Scenario::SignIn;
        progress(scenario, connections);
        let ours = measure(&provider, ours.process()?, scenario, connections, Pace::Flat, length).await?;
        rows.push(Row { scenario, connections, ours, at_half: None, other: Some(other.clone()) });
    }
    Ok(rows)
}

/// Countersign and what it is compared with, all running; one of them is asked at a time.
struct Contest<'a> {
    process: &'a Process,
    provider: Arc<Provider>,
    /// Each once for each algorithm that it signs with.
    peers: Vec<Peer>,
    /// Those that this machine has not.
    absent: Vec<(PeerKind, anyhow::Error)>,
    bare: (Bare, Arc<Provider>),
    stays_awake: bool,
}

impl<'a> Contest<'a> {
    async fn begin(
        ours: &'a Countersign,
        scenarios: &[Scenario],
        scratch: &std::path::Path,
        peer_signs: &[String],
    ) -> Result<Self> {
        let provider = Arc::new(Provider::discover(ours.server, &ours.client_secret).await?);
        let (mut peers, mut absent) = (Vec::new(), Vec::new());
        if scenarios.iter().any(|scenario| scenario.has_peer()) {
            'kinds: for kind in PeerKind::ALL {
                for algorithm in peer_signs {
                    match Peer::start(kind, algorithm, USERS).await {
                        Ok(peer) => peers.push(peer),
                        Err(why) => {
                            absent.push((kind, why));
                            continue 'kinds;
                        }
                    }
                }
            }
        }
        let mut agent = Agent::new(ours.server);
        let jwks = agent.send(&provider.jwks, None, None).await?.body;
        let discovery = agent.send(DISCOVERY, None, None).await?.body;
        let bare = Bare::start(scratch, (&provider.jwks, &jwks), &discovery)?;
        let same = Arc::new(provider.at(bare.server));
        Ok(Self { process: ours.process()?, provider, peers, absent, bare: (bare, same), stays_awake: true })
    }

    /// One row for each that it is compared with.
    async fn rows(&self, scenario: Scenario, connections: usize, length: Duration) -> Result<Vec<Row>> {
        progress(scenario, connections);
        // Not where passwords are hashed: two cores may share the memory that takes.
        let awake = self.stays_awake.then(|| tokio::spawn(stay_awake()));
        let rows = self.rows_while_awake(scenario, connections, length).await;
        if let Some(awake) = awake {
            awake.abort();
        }
        rows
    }

    async fn rows_while_awake(
        &self,
        scenario: Scenario,
        connections: usize,
        length: Duration,
    ) -> Result<Vec<Row>> {
        let (provider, process) = (&self.provider, self.process);
        let ours = measure(provider, process, scenario, connections, Pace::Flat, length).await?;
        let half = Pace::PerSecond(ours.per_second / 2.0);
        let at_half = measure(provider, process, scenario, connections, half, length).await?;
        let row =
            |other| Row { scenario, connections, ours: ours.clone(), at_half: Some(at_half.clone()), other };
        let others: Vec<_> = if scenario.has_peer() {
            // Where it makes no difference what one signs with, once is enough.
            let first = self.peers.first().map(|peer| &peer.signs);
            let peers =
                self.peers.iter().filter(|peer| peer.kind.signs(scenario) || Some(&peer.signs) == first);
            let name = |Peer { kind, signs, .. }: &Peer| {
                let name = kind.name();
                if kind.signs(scenario) { format!("{name}, {signs}") } else { name.to_owned() }
            };
            peers.map(|peer| (name(peer), &peer.provider, &peer.process, peer.kind.sets_targets())).collect()
        } else {
            vec![("bare axum".to_owned(), &self.bare.1, &self.bare.0.process, true)]
        };
        let mut rows = Vec::new();
        for (name, provider, process, sets_target) in others {
            let measured = measure(provider, process, scenario, connections, Pace::Flat, length).await?;
            if let Some(failure) = &measured.first_failure {
                eprintln!("{name} failed {} times: {failure}", measured.failures);
            }
            let Measured { per_second, core, .. } = measured;
            rows.push(row(Some(Other { name, per_second, core, sets_target })));
        }
        if rows.is_empty() {
            rows.push(row(None));
        }
        Ok(rows)
    }
}

fn progress(scenario: Scenario, connections: usize) {
    eprintln!("… {} on {connections} connections", scenario.title());
}
