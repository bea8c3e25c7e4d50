//! What one command does, and what happens by itself.

use std::sync::Arc;

use super::super::command::{Command, Reply};
use super::super::events::Event;
use super::super::kubernetes::Task;
use super::super::refusal::Refusal;
use super::super::vault::Beside;
use super::{World, gone};

impl World {
    /// Does one deed now, without a look at faults of calls.
    ///
    /// # Errors
    /// The service's refusal; then nothing has changed.
    pub fn apply(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Push { branch, expected, commit, objects, by } => {
                let moved = self.repository.push(&branch, &expected, &commit, &objects)?;
                if moved {
                    self.counters.pushed(&branch);
                    self.refresh_pulls_after(&branch, &by);
                    self.pushed_to(&branch, &by);
                }
                Ok(Reply::Pushed { moved })
            }
            Command::OpenPull { head, base, title, body, by } => {
                self.open_pull(&head, &base, &title, &body, &by)
            }
            Command::EditPull { number, title, body } => self.edit_pull(number, title, body),
            Command::ReviewPull { number, approve, by } => self.review(number, approve, &by),
            Command::Comment { number, body, by } => self.comment(number, &body, &by),
            Command::EditComment { comment, body } => self.edit_comment(comment, &body),
            Command::DeleteComment { comment } => self.delete_comment(comment),
            Command::MarkPull { number, mark } => self.mark_pull(number, mark),
            Command::ReportStatus(status) => self.report_status(status),
            Command::AutoMerge { number, head, method, by } => {
                self.enable_auto_merge(number, head.as_ref(), (method, &by))
            }
            Command::NoAutoMerge { number } => self.disable_auto_merge(number),
            Command::Enqueue { number, head } => self.enqueue(number, head.as_ref()),
            Command::StartCheck { number } => self.start_check(number),
            Command::MergePull { number, method, by } => self.merge_pull(number, method, &by),
            Command::ClosePull { number, by } => self.close_pull(number, &by),
            Command::DeleteBranch { branch, by } => self.delete_branch(&branch, &by),
            Command::StartRun { branch, commit, skip, by } => {
                self.start_run(&branch, commit.as_ref(), &skip, &by)
            }
            Command::StartValidation { branch, commit, by } => {
                self.start_validation(&branch, commit.as_ref(), &by)
            }
            Command::ReportDeployment { environment, branch, commit, state, by } => {
                Ok(self.report_deployment(&environment, (&branch, &commit), &state, &by))
            }
            Command::CancelRun { run } => self.cancel_run(&run),
            Command::SwitchPipeline { accepting } => {
                Arc::make_mut(&mut self.config).pipeline.accepting = accepting;
                Ok(Reply::Done)
            }
            Command::RetryRun { run } => self.retry_run(&run),
            Command::ApproveRun { run } => self.approve_run(&run),
            Command::Patch { stamp, workload, patch } => {
                let place = self.alive(&stamp)?;
                self.counters.patches += 1;
                self.patch(place, &workload, &patch)
            }
            Command::Make { stamp, namespace, name, made } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.make((&namespace, &name), made, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeleteJob { stamp, namespace, name } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_job(&namespace, &name, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeleteDeployment { stamp, workload } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_deployment(&workload, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::ApplyDeployment { stamp, workload } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.apply_deployment(&workload, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeletePod { stamp, namespace, name } => {
                let place = self.alive(&stamp)?;
                let reply = self
                    .with_cluster(place, |cluster, hand| cluster.delete_named_pod(&namespace, &name, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)));
                self.note_all_darkness();
                reply
            }
            Command::ForcePods { stamp, node } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.force_pods_on(node, hand));
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::DeleteNode { stamp, node } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_node(node, hand));
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::Regenerate { kind, request_id, by } => {
                let came = self.regenerate(kind, &request_id);
                self.regeneration_came(&came, &by, request_id);
                came
            }
            Command::DeleteAccount => {
                self.account.delete();
                Ok(Reply::Done)
            }
            Command::TellCluster { stamp, state } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.azure = state;
                }
                Ok(Reply::Done)
            }
            Command::TakeDown { stamp } => {
                let place = self.alive(&stamp)?;
                self.destroy(place);
                Ok(Reply::Done)
            }
            Command::SetQuota { stamp, quota } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, _| cluster.set_quota(quota));
                Ok(Reply::Done)
            }
            Command::SetNodes { stamp, nodes } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.set_nodes(nodes, hand));
                Ok(Reply::Done)
            }
            Command::ChangeClass { stamp, namespace, name, change } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| {
                    cluster.change_class((&namespace, &name), change, hand)
                })
                .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::OutsiderReads { outsider } => {
                self.outsider_reads(outsider);
                Ok(Reply::Done)
            }
            Command::DeleteSecret { stamp } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.vault.empty();
                }
                Ok(Reply::Done)
            }
            Command::SetSecret { stamp, value } => {
                let place = self.alive(&stamp)?;
                Ok(Reply::Version(self.write_text(place, value, Beside::default())))
            }
            Command::PutSecret { stamp, value, beside } => {
                let place = self.alive(&stamp)?;
                Ok(Reply::Version(self.write_text(place, value, beside)))
            }
            Command::EditSecret { stamp, beside } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.vault.edit(beside);
                }
                self.with_cluster(place, |cluster, hand| cluster.vault_changed(hand));
                Ok(Reply::Done)
            }
        }
    }

    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Cluster(place, task) => self.cluster_task(place, task),
            Event::Review(number, reviewer) => self.review_event(number, reviewer),
            Event::CheckStarts(number, head) => self.check_starts(number, &head),
            Event::CheckEnds(number, head) => self.check_ends(number, &head),
            Event::PressMerge(number) => self.press_merge(number),
            Event::PullPushed(number) => self.push_to_pull(number),
            Event::QueueMerges(number, head) => self.queue_merges(number, &head),
            Event::PullCloses(number) => {
                let _ = self.close_pull(number, "mallory");
            }
            Event::ValidationStarts(run) => self.validation_starts(run),
            Event::RunStarts(run) => self.run_starts(run),
            Event::StageApproved(run, stage) => self.run_stage(run, stage),
            Event::StageActs(run, stage) => self.stage_acts(run, stage),
            Event::VaultWrite(run, stamp) => self.vault_write(run, stamp),
            Event::StageEnds(run, stage) => self.stage_ends(run, stage),
            Event::KeySwap(number) => self.account.swap(number),
            Event::RegenerationEnds(number) => self.regeneration_ends(number),
            Event::Deed(place) => self.deed(place),
        }
    }

    fn cluster_task(&mut self, place: usize, task: Task) {
        match task {
            Task::Probe(pod) => return self.probe(place, pod),
            Task::Autoscale(number) => return self.autoscale(place, number),
            _ => {}
        }
        let Some(happened) = self.with_cluster(place, |cluster, hand| cluster.perform(task, hand)) else {
            return;
        };
        if let Some(process) = happened.ended {
            self.settle(place, &process);
        }
        if let Some(workload) = happened.readiness {
            self.note_darkness(place, workload);
        }
    }
}
