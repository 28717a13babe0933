using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Runner.Runners;
using Writ.Runner.Orders;
using Writ.Runner.Runs;

namespace Writ.Runner;

/// <summary>The JSON of the runner's own files: snake_case, unknown and duplicate members refused, comments allowed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunnerConfig))]
[JsonSerializable(typeof(RunnerIdentity))]
[JsonSerializable(typeof(RunSpec))]
[JsonSerializable(typeof(SupervisorMark))]
[JsonSerializable(typeof(StartRecord))]
[JsonSerializable(typeof(EndRecord))]
[JsonSerializable(typeof(Fences.RefusedReport))]
[JsonSerializable(typeof(Results.ResultsReport))]
[JsonSerializable(typeof(JournalEntry))]
[JsonSerializable(typeof(Host.HostReport))]
[JsonSerializable(typeof(SandboxStatus))]
internal sealed partial class RunnerJson : JsonSerializerContext;
