using System.Text.Json.Serialization;
using Writ.Contracts.Audit;
using Writ.Contracts.Chat;
using Writ.Contracts.Errors;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;
using Writ.Contracts.Notices;
using Writ.Contracts.Policy;
using Writ.Contracts.Requests;
using Writ.Contracts.Retention;
using Writ.Contracts.Rotas;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Contracts.Series;
using Writ.Contracts.Templates;
using Writ.Contracts.Tools;
using Writ.Contracts.Traces;

namespace Writ.Contracts;

/// <summary>
/// The JSON of <c>/v1</c>: snake_case names, instants as RFC 3339, duplicate members refused. A client passes over members
/// that a newer server added; the server refuses members that it does not know.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AskForAccess))]
[JsonSerializable(typeof(ExplainView))]
[JsonSerializable(typeof(RequestView))]
[JsonSerializable(typeof(NoticeSettingsView))]
[JsonSerializable(typeof(NoticeSettingsAsk))]
[JsonSerializable(typeof(PushView))]
[JsonSerializable(typeof(PushAsk))]
[JsonSerializable(typeof(AddressAsk))]
[JsonSerializable(typeof(AddressConfirm))]
[JsonSerializable(typeof(Page<NoticeView>))]
[JsonSerializable(typeof(Page<RequestView>))]
[JsonSerializable(typeof(Decide))]
[JsonSerializable(typeof(CancelAsk))]
[JsonSerializable(typeof(NarrowAsk))]
[JsonSerializable(typeof(GrantView))]
[JsonSerializable(typeof(Page<GrantView>))]
[JsonSerializable(typeof(SeriesView))]
[JsonSerializable(typeof(Page<SeriesView>))]
[JsonSerializable(typeof(SeriesReason))]
[JsonSerializable(typeof(EndAsk))]
[JsonSerializable(typeof(ReviewAsk))]
[JsonSerializable(typeof(EndView))]
[JsonSerializable(typeof(StartRun))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(Page<RunView>))]
[JsonSerializable(typeof(AttachMessage))]
[JsonSerializable(typeof(RunResultsView))]
[JsonSerializable(typeof(ExtendAsk))]
[JsonSerializable(typeof(TraceView))]
[JsonSerializable(typeof(ResultsView))]
[JsonSerializable(typeof(DiffView))]
[JsonSerializable(typeof(RestView))]
[JsonSerializable(typeof(Page<RetentionView>))]
[JsonSerializable(typeof(RetentionView))]
[JsonSerializable(typeof(RetentionAsk))]
[JsonSerializable(typeof(PolicyText))]
[JsonSerializable(typeof(PolicyCheckView))]
[JsonSerializable(typeof(PolicyView))]
[JsonSerializable(typeof(PolicyDiffView))]
[JsonSerializable(typeof(IReadOnlyList<RuleUseView>))]
[JsonSerializable(typeof(IReadOnlyList<StandingRightView>))]
[JsonSerializable(typeof(AuditEntryView))]
[JsonSerializable(typeof(Page<AuditEntryView>))]
[JsonSerializable(typeof(LogView))]
[JsonSerializable(typeof(ConsistencyView))]
[JsonSerializable(typeof(Page<LogEntryView>))]
[JsonSerializable(typeof(Page<LogHeadView>))]
[JsonSerializable(typeof(ToolView))]
[JsonSerializable(typeof(Page<ToolView>))]
[JsonSerializable(typeof(DefinitionText))]
[JsonSerializable(typeof(ToolCheckView))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(Page<TemplateView>))]
[JsonSerializable(typeof(TemplateCheckView))]
[JsonSerializable(typeof(RunnerView))]
[JsonSerializable(typeof(Page<RunnerView>))]
[JsonSerializable(typeof(Page<OnCallView>))]
[JsonSerializable(typeof(NewEnrolment))]
[JsonSerializable(typeof(EnrolmentView))]
[JsonSerializable(typeof(Page<PasskeyView>))]
[JsonSerializable(typeof(PasskeyView))]
[JsonSerializable(typeof(PasskeyChallenge))]
[JsonSerializable(typeof(NewPasskey))]
[JsonSerializable(typeof(ConfirmAsk))]
[JsonSerializable(typeof(ApprovalChallenge))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(RolesAsk))]
[JsonSerializable(typeof(UserEndView))]
[JsonSerializable(typeof(ProposalView))]
[JsonSerializable(typeof(Page<ProposalView>))]
[JsonSerializable(typeof(RunnerEndView))]
[JsonSerializable(typeof(SetUp))]
[JsonSerializable(typeof(NewToken))]
[JsonSerializable(typeof(ChatAccountView))]
[JsonSerializable(typeof(ChatCodeView))]
[JsonSerializable(typeof(Problem))]
public sealed partial class WritJson : JsonSerializerContext;
