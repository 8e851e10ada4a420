//! kube-rs's side of the benchmarks: one measurement in one fresh process, one line of JSON.
//!
//!     kube-rs-peer decode   DIR SIZE
//!     kube-rs-peer request  URL COUNT CONCURRENCY [CA]
//!     kube-rs-peer start    URL
//!     kube-rs-peer informer sync|watch HOST COLLECTION PODS EVENTS

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::core::ObjectList;
use kube::runtime::{reflector, watcher, WatchStreamExt};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// User + system seconds of this process.
fn cpu() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Resident bytes once the allocator has given back what it can.
fn settled_rss() -> f64 {
    unsafe { libc::malloc_trim(0) };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}

fn checksum(names: &[String]) -> String {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(format!("{name}\n"));
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

struct Span(f64, Instant);

impl Span {
    fn begin() -> Span {
        Span(cpu(), Instant::now())
    }

    /// CPU and wall microseconds an item.
    fn end(&self, items: usize) -> (f64, f64) {
        let scale = 1e6 / items as f64;
        ((cpu() - self.0) * scale, self.1.elapsed().as_secs_f64() * scale)
    }
}

fn decode(directory: &str, size: usize) {
    let read = |name: String| std::fs::read(format!("{directory}/{name}.json")).unwrap();
    let parse = |data: &[u8]| serde_json::from_slice::<ObjectList<Pod>>(data).unwrap();
    drop(parse(&read("pods-20".into())));
    let before = settled_rss();
    let data = read(format!("pods-{size}"));
    let span = Span::begin();
    let list = parse(&data);
    let (cpu, wall) = span.end(size);
    drop(data);
    let rss = (settled_rss() - before) / size as f64 / 1e3;
    let names: Vec<String> =
        list.items.iter().map(|pod| format!("{}/{}", pod.namespace().unwrap(), pod.name_any())).collect();
    assert!(list.items.iter().all(|pod| pod.spec.as_ref().unwrap().node_name.is_some()));
    println!(
        r#"{{"cpu":{cpu},"wall":{wall},"rss":{rss},"count":{},"sum":"{}"}}"#,
        names.len(),
        checksum(&names)
    );
}

fn client(url: &str) -> Client {
    Client::try_from(Config::new(url.parse().unwrap())).unwrap()
}

/// A client of a server whose certificate is its own authority.
async fn tls_client(url: &str, authority: &str) -> Client {
    let kubeconfig = format!(
        r#"{{"current-context": "c", "contexts": [{{"name": "c", "context": {{"cluster": "c", "user": "u"}}}}],
             "clusters": [{{"name": "c", "cluster": {{"server": "{url}", "certificate-authority": "{authority}"}}}}],
             "users": [{{"name": "u", "user": {{}}}}]}}"#
    );
    let kubeconfig = Kubeconfig::from_yaml(&kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn request(url: &str, count: usize, concurrency: usize, authority: Option<&str>) {
    let client = match authority {
        Some(authority) => tls_client(url, authority).await,
        None => client(url),
    };
    let pods: Api<Pod> = Api::namespaced(client, "team-00");
    let run = |count: usize| {
        let pods = pods.clone();
        async move {
            futures::stream::iter(0..count)
                .for_each_concurrent(concurrency, |_| async {
                    assert!(pods.get("pod").await.unwrap().spec.unwrap().node_name.is_some());
                })
                .await;
        }
    };
    run(500 + concurrency * 4).await;
    let span = Span::begin();
    run(count).await;
    let (cpu, wall) = span.end(count);
    println!(r#"{{"cpu":{cpu},"wall":{wall},"count":{count}}}"#);
}

async fn start(url: &str) {
    let list = Api::<Pod>::all(client(url)).list(&ListParams::default().limit(1)).await.unwrap();
    println!(r#"{{"count":{}}}"#, list.items.len());
}

fn open_gate(host: &str) {
    let mut connection = std::net::TcpStream::connect(host.trim_start_matches("http://")).unwrap();
    connection.write_all(b"GET /go HTTP/1.1\r\nHost: replay\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("200 OK"));
}

/// Counts an event of a pod, and reads the metadata of the pod as a handler does.
fn handle(pod: &Pod, count: &mut usize) {
    assert!(pod.metadata.name.is_some() && pod.labels().contains_key("team"));
    *count += 1;
}

/// A reflector's store; kube-rs has no indices, and "handlers" are what the loop does with an event.
async fn informer(mode: &str, host: &str, collection: &str, pods: usize, events: usize) {
    let span = Span::begin();
    let api: Api<Pod> = Api::all(client(&format!("{host}/{collection}")));
    let (store, writer) = reflector::store::<Pod>();
    let mut stream =
        Box::pin(reflector::reflector(writer, watcher(api, watcher::Config::default())).default_backoff());
    let mut handlers = [[0usize; 3]; 3];
    loop {
        match stream.next().await.unwrap().unwrap() {
            watcher::Event::InitApply(pod) => handlers.iter_mut().for_each(|handler| handle(&pod, &mut handler[0])),
            watcher::Event::InitDone => break,
            _ => {}
        }
    }
    assert_eq!(handlers[2][0], pods);
    let (mut cpu, mut wall) = span.end(pods.max(1));
    let _ = tokio::time::timeout(Duration::from_millis(500), stream.next()).await; // lets the watch open
    if mode == "watch" {
        let span = Span::begin();
        open_gate(host);
        let mut seen = 0;
        while seen < events {
            match stream.next().await.unwrap().unwrap() {
                watcher::Event::Apply(pod) => handlers.iter_mut().for_each(|handler| handle(&pod, &mut handler[1])),
                watcher::Event::Delete(pod) => handlers.iter_mut().for_each(|handler| handle(&pod, &mut handler[2])),
                other => panic!("{other:?}"),
            }
            seen += 1;
        }
        (cpu, wall) = span.end(events);
        assert_eq!(handlers[2][1] + handlers[2][2], events);
    }
    let rss = settled_rss() / 1e3;
    let mut names: Vec<String> = store
        .state()
        .iter()
        .map(|pod| {
            format!("{}/{}@{}", pod.namespace().unwrap(), pod.name_any(), pod.resource_version().unwrap())
        })
        .collect();
    names.sort();
    println!(
        r#"{{"cpu":{cpu},"wall":{wall},"rss total":{rss},"count":{},"sum":"{}"}}"#,
        names.len(),
        checksum(&names)
    );
    std::process::exit(0);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |index: usize| arguments[index].as_str();
    let number = |index: usize| arguments[index].parse::<usize>().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match text(0) {
        "decode" => decode(text(1), number(2)),
        "request" => runtime.block_on(request(text(1), number(2), number(3), arguments.get(4).map(String::as_str))),
        "start" => runtime.block_on(start(text(1))),
        "informer" => runtime.block_on(informer(text(1), text(2), text(3), number(4), number(5))),
        other => panic!("unknown measurement {other}"),
    }
}
