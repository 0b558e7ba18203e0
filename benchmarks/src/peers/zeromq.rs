//! ZeroMQ by libzmq, with its own I/O thread in each process and blocking sockets: PUSH and PULL for messages, REQ and
//! ROUTER for a request, DEALER and ROUTER for many. Eight responders are eight threads of the server's process.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use zmq::{Context, Socket, SocketType};

use super::{decoded, encoded, received};
use crate::meter::{self, Report, cpu_seconds};
use crate::workload::{Blob, Message, Stop, Workload};

fn bound(context: &Context, kind: SocketType) -> (Socket, u16) {
    let socket = context.socket(kind).expect("a socket");
    socket.bind("tcp://127.0.0.1:*").expect("a port");
    let endpoint = socket.get_last_endpoint().expect("an endpoint").expect("text");
    let port = endpoint.rsplit_once(':').and_then(|(_, port)| port.trim_end_matches('\0').parse().ok());
    (socket, port.expect("a port"))
}

pub async fn serve(workload: Workload) {
    let context = Context::new();
    let mut ports = Vec::new();
    if matches!(workload, Workload::OneWay { .. } | Workload::Large) {
        let (socket, port) = bound(&context, zmq::PULL);
        ports.push(port);
        std::thread::spawn(move || {
            let mut message = zmq::Message::new();
            while socket.recv(&mut message, 0).is_ok() {
                received(&message);
            }
        });
    } else {
        for _ in 0..workload.responders() {
            let (socket, port) = bound(&context, zmq::ROUTER);
            ports.push(port);
            std::thread::spawn(move || answer(&socket));
        }
    }
    meter::ready(&ports);
    std::future::pending().await
}

/// Answers each request: the frames before the last one say who asked.
fn answer(socket: &Socket) {
    let mut part = zmq::Message::new();
    while socket.recv(&mut part, 0).is_ok() {
        if part.get_more() {
            socket.send(&*part, zmq::SNDMORE).expect("it is sent");
        } else {
            socket.send(encoded(&decoded(&part)), 0).expect("it is sent");
        }
    }
}

pub async fn call(workload: Workload, ports: &[u16]) -> Report {
    let ports = ports.to_vec();
    let (sender, report) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // it lives as long as the process, or what waits to be sent would be lost
        let context = std::mem::ManuallyDrop::new(Context::new());
        let _ = sender.send(call_blocking(&context, workload, &ports));
    });
    report.await.expect("a report")
}

fn call_blocking(context: &Context, workload: Workload, ports: &[u16]) -> Report {
    let open = |kind, port: u16| {
        let socket = context.socket(kind).expect("a socket");
        socket.connect(&format!("tcp://127.0.0.1:{port}")).expect("a connection");
        socket
    };
    match workload {
        Workload::OneWay { senders } => {
            // a socket belongs to one thread at a time: several senders share it behind a lock
            let socket = Arc::new(Mutex::new(open(zmq::PUSH, ports[0])));
            let stop = Stop::after(Duration::from_secs(2));
            let threads: Vec<_> = (0..senders)
                .map(|_| {
                    let (socket, stop) = (socket.clone(), stop.clone());
                    std::thread::spawn(move || send(&socket, senders == 1, &stop))
                })
                .collect();
            let messages = threads.into_iter().map(|thread| thread.join().expect("a sender")).sum();
            std::mem::forget(socket);
            Report::Sent { messages }
        }
        Workload::Large => {
            let socket = open(zmq::PUSH, ports[0]);
            socket.set_sndhwm(8).expect("a limit");
            let (stop, blob, mut messages) = (Stop::after(Duration::from_secs(2)), Blob::new(), 0);
            while !stop.is_over() {
                socket.send(encoded(&blob), 0).expect("it is sent");
                messages += 1;
            }
            std::mem::forget(socket);
            Report::Sent { messages }
        }
        Workload::Latency => latency(&open(zmq::REQ, ports[0])),
        Workload::InFlight { requests } | Workload::FanOut { requests } => {
            let sockets: Vec<Socket> = ports.iter().map(|port| open(zmq::DEALER, *port)).collect();
            in_flight(&sockets, requests)
        }
        Workload::Idle => Report::Idle,
    }
}

fn send(socket: &Mutex<Socket>, alone: bool, stop: &Stop) -> u64 {
    let mut sent = 0;
    if alone {
        let socket = socket.lock().expect("a lock");
        while !stop.is_over() {
            socket.send(encoded(&Message::new(sent)), 0).expect("it is sent");
            sent += 1;
        }
        return sent;
    }
    while !stop.is_over() {
        let message = encoded(&Message::new(sent));
        socket.lock().expect("a lock").send(message, 0).expect("it is sent");
        sent += 1;
    }
    sent
}

fn latency(socket: &Socket) -> Report {
    let mut answer = zmq::Message::new();
    let mut once = |id| {
        socket.send(encoded(&Message::new(id)), 0).expect("it is sent");
        socket.recv(&mut answer, 0).expect("an answer");
        std::hint::black_box(decoded(&answer));
    };
    (0..2000).for_each(&mut once);
    let (before, mut times) = (cpu_seconds(), Vec::new());
    for id in 0..25_000 {
        let start = Instant::now();
        once(id);
        times.push(start.elapsed());
    }
    let requests = times.len() as u64;
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    Report::Latency { median: at(0.5), p99: at(0.99), requests, cpu: cpu_seconds() - before }
}

/// Keeps a window of requests: the answers of one DEALER come in order, so one of each completes a request.
fn in_flight(sockets: &[Socket], requests: usize) -> Report {
    let (before, done) = (cpu_seconds(), Arc::new(AtomicU64::new(0)));
    let warm_up = Duration::from_millis(300);
    let stop = Stop::after(warm_up + Duration::from_millis(1200));
    let probe = done.clone();
    let measured = std::thread::spawn(move || {
        std::thread::sleep(warm_up);
        let (first, start) = (probe.load(Relaxed), Instant::now());
        std::thread::sleep(Duration::from_millis(1140));
        (probe.load(Relaxed) - first) as f64 / start.elapsed().as_secs_f64()
    });
    let ask = |id| {
        sockets.iter().for_each(|socket| socket.send(encoded(&Message::new(id)), 0).expect("it is sent"))
    };
    (0..requests as u64).for_each(ask);
    let (mut answer, mut id) = (zmq::Message::new(), requests as u64);
    while !stop.is_over() {
        for socket in sockets {
            socket.recv(&mut answer, 0).expect("an answer");
            std::hint::black_box(decoded(&answer));
        }
        done.fetch_add(1, Relaxed);
        ask(id);
        id += 1;
    }
    let per_second = measured.join().expect("the probe");
    Report::Rate { per_second, requests: done.load(Relaxed), cpu: cpu_seconds() - before }
}
