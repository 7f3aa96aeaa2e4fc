//! Runs a scenario with many virtual users at once, and counts what was answered rightly.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use hdrhistogram::Histogram;

use crate::scenario::{Provider, Scenario, VirtualUser};
use crate::servers::{Process, stolen_time};

/// How fast virtual users ask.
#[derive(Clone, Copy)]
pub enum Pace {
    /// Again as soon as they are answered.
    Flat,
    /// So often in all, at moments spread evenly, by whichever virtual user is free. Answers are timed from the moment that they
    /// were due, so that those who wait behind slow ones count too.
    PerSecond(f64),
}

const WARM_UP: Duration = Duration::from_secs(1);

/// For the answers under way when time is up.
const GRACE: Duration = Duration::from_secs(10);

/// An answer that takes longer counts as this long.
const LONGEST_US: u64 = 60_000_000;

#[derive(Clone)]
pub struct Measured {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Which part of its core the server used. Well below 1, something else was the bound.
    pub core: f64,
    /// For how long the machine's host gave its cores to others meanwhile, which everybody waits for who asks then.
    pub stolen: Duration,
    pub failures: u64,
    pub first_failure: Option<String>,
}

struct Tally {
    latencies_us: Histogram<u64>,
    failures: u64,
    first_failure: Option<String>,
}

/// Answers that arrive between the two instants count.
#[derive(Clone, Copy)]
struct Window {
    opens: Instant,
    closes: Instant,
}

pub async fn measure(
    provider: &Arc<Provider>,
    process: &Process,
    scenario: Scenario,
    connections: usize,
    pace: Pace,
    length: Duration,
) -> Result<Measured> {
    let users = prepared(provider, scenario, connections).await?;
    let opens = Instant::now() + WARM_UP;
    let window = Window { opens, closes: opens + length };
    let tally = Arc::new(Mutex::new(Tally {
        latencies_us: Histogram::new_with_bounds(1, LONGEST_US, 3)?,
        failures: 0,
        first_failure: None,
    }));
    let schedule = Arc::new(Schedule::of(pace));
    let tasks: Vec<_> = users
        .into_iter()
        .map(|user| tokio::spawn(repeat(user, scenario, Arc::clone(&schedule), window, Arc::clone(&tally))))
        .collect();
    tokio::time::sleep_until(window.opens.into()).await;
    let (cpu_before, stolen_before) = (process.cpu_time()?, stolen_time()?);
    tokio::time::sleep_until(window.closes.into()).await;
    let cpu = process.cpu_time()?.saturating_sub(cpu_before);
    let stolen = stolen_time()?.saturating_sub(stolen_before);
    for task in tasks {
        tokio::time::timeout(GRACE, task).await.context("an answer that never came")??;
    }
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    let quantile = |quantile| Duration::from_micros(tally.latencies_us.value_at_quantile(quantile));
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let right = u32::try_from(tally.latencies_us.len())?;
    Ok(Measured {
        per_second: f64::from(right) / length.as_secs_f64(),
        p50_ms: milliseconds(quantile(0.5)),
        p99_ms: milliseconds(quantile(0.99)),
        core: cpu.as_secs_f64() / length.as_secs_f64(),
        stolen,
        failures: tally.failures,
        first_failure: tally.first_failure.clone(),
    })
}

async fn prepared(
    provider: &Arc<Provider>,
    scenario: Scenario,
    connections: usize,
) -> Result<Vec<VirtualUser>> {
    let mut users = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut user = VirtualUser::new(provider, username(number));
        user.prepare(scenario).await.with_context(|| format!("virtual user {number}"))?;
        users.push(user);
    }
    Ok(users)
}

pub fn username(number: usize) -> String {
    format!("user{number}")
}

/// When something is asked.
struct Schedule {
    begins: Instant,
    /// None where it is asked as soon as somebody is free.
    between: Option<Duration>,
    taken: AtomicU32,
}

impl Schedule {
    fn of(pace: Pace) -> Self {
        let between = match pace {
            Pace::Flat => None,
            Pace::PerSecond(rate) => Some(Duration::from_secs_f64(1.0 / rate)),
        };
        Self { begins: Instant::now(), between, taken: AtomicU32::new(0) }
    }

    /// Waits for the next moment that nobody has taken yet.
    async fn next(&self) -> Instant {
        let Some(between) = self.between else { return Instant::now() };
        let due = self.begins + between * self.taken.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep_until(due.into()).await;
        due
    }
}

async fn repeat(
    mut user: VirtualUser,
    scenario: Scenario,
    schedule: Arc<Schedule>,
    window: Window,
    tally: Arc<Mutex<Tally>>,
) {
    while Instant::now() < window.closes {
        let asked = schedule.next().await;
        let outcome = user.step(scenario).await;
        let answered = Instant::now();
        if let Err(error) = &outcome {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.failures += 1;
            tally.first_failure.get_or_insert_with(|| format!("{error:#}"));
        } else if (window.opens..window.closes).contains(&answered) {
            let micros = u64::try_from((answered - asked).as_micros()).unwrap_or(u64::MAX);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.latencies_us.saturating_record(micros);
        }
        if outcome.is_err() {
            // A server that refuses at once must not be asked at once.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// So many sign-ins of fresh browsers, however long they take.
pub async fn sign_ins(provider: &Arc<Provider>, connections: usize, each: usize) -> Result<()> {
    let users = prepared(provider, Scenario::SignIn, connections).await?;
    let tasks: Vec<_> = users
        .into_iter()
        .map(|mut user| {
            tokio::spawn(async move {
                for _ in 0..each {
                    user.step(Scenario::SignIn).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| anyhow!("a virtual user: {error}"))??;
    }
    Ok(())
}
