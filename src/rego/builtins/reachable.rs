//! `graph.reachable` and `graph.reachable_paths`.

use std::collections::BTreeSet;

use super::super::value::{Elements, Entries, SetBuilder, Value};
use super::key::Key;
use super::operand::{any, elements, object, type_error};
use super::{Context, Failure, Outcome};

/// The graph, and the nodes to begin with.
fn operands_of<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Result<(Entries<'a>, Elements<'a>), Failure> {
    let graph = object(operands, 1)?;
    let initial = any(operands, 2);
    let initial = elements(&initial).ok_or_else(|| type_error(2, &initial, &["{array, set}"]))?;
    ctx.charge(initial.len())?;
    Ok((graph, initial))
}

pub(super) fn reachable<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (graph, initial) = operands_of(ctx, operands)?;
    let mut queue: std::collections::VecDeque<Value<'a>> = initial.iter().collect();
    let mut reached = BTreeSet::new();
    let mut members = SetBuilder::default();
    while let Some(node) = queue.pop_front() {
        ctx.charge(4)?;
        let Some(edges) = graph.get(&node) else { continue };
        // A node that is in the queue twice is looked at once: the second time adds nothing.
        if !reached.insert(Key(node)) {
            continue;
        }
        members.insert(node);
        if let Some(edges) = elements(&edges) {
            ctx.charge(edges.len() * 4)?;
            queue.extend(edges.iter().filter(|neighbor| !reached.contains(&Key(*neighbor))));
        }
    }
    ctx.reserve(reached.len() * size_of::<Value<'a>>())?;
    Ok(members.build(ctx.arena))
}

/// A node whose edges are followed.
struct Open<'a> {
    edges: Elements<'a>,
    next: usize,
    /// Whether the node was not on the path before.
    is_new: bool,
}

pub(super) fn reachable_paths<'a>(ctx: &mut Context<'a>, operands: &[Value<'a>]) -> Outcome<'a> {
    let (graph, initial) = operands_of(ctx, operands)?;
    let mut paths = SetBuilder::default();
    for root in initial.iter() {
        let Some(edges) = graph.get(&root) else { continue };
        let edges = elements(&edges).unwrap_or(Elements::Values(&[]));
        if edges.is_empty() {
            paths.insert(Value::array(ctx.arena, &[root]));
            continue;
        }
        follow(ctx, graph, root, edges, &mut paths)?;
    }
    Ok(paths.build(ctx.arena))
}

/// All paths from `root` that end, or that would come to a node of their own again.
fn follow<'a>(
    ctx: &mut Context<'a>,
    graph: Entries<'a>,
    root: Value<'a>,
    edges: Elements<'a>,
    paths: &mut SetBuilder<'a>,
) -> Result<(), Failure> {
    let mut path = vec![root];
    let mut on_path = BTreeSet::from([Key(root)]);
    let mut open = vec![Open { edges, next: 0, is_new: true }];
    while let Some(top) = open.last_mut() {
        let Some(neighbor) = top.edges.get(top.next) else {
            let is_new = top.is_new;
            open.pop();
            if let Some(node) = path.pop().filter(|_| is_new) {
                on_path.remove(&Key(node));
            }
            continue;
        };
        top.next += 1;
        ctx.charge(path.len() + 4)?;
        // OPA does not look for a cycle from the root to itself.
        let is_cycle = path.len() > 1 && on_path.contains(&Key(neighbor));
        let edges = if is_cycle { None } else { graph.get(&neighbor) };
        let Some(edges) = edges else {
            commit(ctx, &path, paths)?;
            continue;
        };
        path.push(neighbor);
        match elements(&edges).filter(|edges| !edges.is_empty()) {
            None => {
                commit(ctx, &path, paths)?;
                path.pop();
            }
            Some(edges) => {
                let is_new = on_path.insert(Key(neighbor));
                open.push(Open { edges, next: 0, is_new });
            }
        }
    }
    Ok(())
}

fn commit<'a>(ctx: &mut Context<'a>, path: &[Value<'a>], paths: &mut SetBuilder<'a>) -> Result<(), Failure> {
    ctx.reserve(size_of_val(path))?;
    paths.insert(Value::array(ctx.arena, path));
    Ok(())
}
