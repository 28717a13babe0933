using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Core.Audit;
using Writ.Proof.Identity;
using Writ.Tests.Architecture;

namespace Writ.Tests.Core.Audit;

/// <summary>Every type of entry, held against the schema's required attributes, constraints and activities.</summary>
public sealed class OcsfExportTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, 250, TimeSpan.Zero);
    private static readonly JsonElement Schema = JsonDocument.Parse(Repository.Text("tests/Writ.Tests/Core/Audit/ocsf-1.8.json")).RootElement;
    private static readonly OcsfFacts Facts = new("log.example", run => run == "run_1" ? "nmap" : null, _ => "act_2");

    /// <summary>Where the objects of a class stand.</summary>
    private static readonly Dictionary<string, string> Objects = new()
    {
        ["metadata"] = "metadata", ["actor"] = "actor", ["user"] = "user", ["device"] = "device", ["process"] = "process", ["entity"] = "managed_entity",
        ["api"] = "api", ["src_endpoint"] = "network_endpoint", ["dst_endpoint"] = "network_endpoint", ["service"] = "service", ["product"] = "product", ["policy"] = "policy",
    };

    [Fact]
    public void Events_of_every_type_of_entry_have_what_the_schema_requires()
    {
        foreach (var type in typeof(AuditType).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!))
        {
            foreach (var fields in Variants())
            {
                var events = Events(type, fields);
                events.ShouldNotBeEmpty(type);
                foreach (var happened in events)
                    Problems(happened).ShouldBeEmpty($"{type}: {happened.ToJsonString()}");
            }
        }
    }

    [Fact]
    public void Problems_of_a_planted_event_are_found()
    {
        var good = Events(AuditType.RunStarted, Variants()[0])[0];
        Problems(good).ShouldBeEmpty();
        foreach (var missing in (string[])["process", "device", "actor", "metadata", "time"])
        {
            var bad = (JsonObject)good.DeepClone();
            bad.Remove(missing);
            Problems(bad).ShouldNotBeEmpty(missing);
        }
    }

    [Theory]
    [InlineData(AuditType.SignInFailed, "{}", "300201")]
    [InlineData(AuditType.RequestCreated, "{}", "300401")]
    [InlineData(AuditType.DecisionMade, """{"approved":true}""", "300403 1 8")]
    [InlineData(AuditType.DecisionMade, """{"approved":false}""", "300403 2 25")]
    [InlineData(AuditType.RequestEvaluated, """{"verdict":"deny"}""", "300403 2 26")]
    [InlineData(AuditType.GrantIssued, """{"for":"act_2"}""", "300501")]
    [InlineData(AuditType.GlassBroken, """{"grant":"gr_1"}""", "300501")]
    [InlineData(AuditType.GlassReviewed, """{"grant":"gr_1","request":"req_1"}""", "300403")]
    [InlineData(AuditType.GrantEnded, """{"grant":"gr_1"}""", "300502 4 24")]
    [InlineData(AuditType.RunStarted, """{"run":"run_1","argv":["nmap","10.20.0.5"]}""", "100701, 600701")]
    [InlineData(AuditType.RunStarted, """{"run":"run_2","argv":["dig","example.com"]}""", "100701")]
    [InlineData(AuditType.RunEnded, """{"run":"run_1","exit_code":0,"cause":"exited"}""", "100702, 600702")]
    [InlineData(AuditType.RunEnded, """{"run":"run_1","cause":"deadline"}""", "100702, 600704, 300502 4 24")]
    [InlineData(AuditType.RunDrops, """{"drops":[{"address":"10.9.9.9","port":22,"count":7},{"address":"10.9.9.8","port":0,"count":1}],"uncounted":3}""", "400105 2 6, 400105 2 6, 400105 2 6")]
    [InlineData(AuditType.PolicyApplied, """{"new":"p"}""", "300403")]
    [InlineData(AuditType.AuditExported, "{}", "100803")]
    [InlineData(AuditType.AttemptRefused, """{"attempt":"run"}""", "600399 2 2")]
    public void Events_have_the_class_activity_action_and_disposition(string type, string fields, string expected) =>
        string.Join(", ", Events(type, JsonNode.Parse(fields)!.AsObject()).Select(happened =>
            $"{happened["type_uid"]} {happened["action_id"]} {happened["disposition_id"]}".Trim())).ShouldBe(expected);

    [Fact]
    public void Broken_glass_is_of_high_severity_and_a_grant_is_not()
    {
        Events(AuditType.GlassBroken, new JsonObject { ["grant"] = "gr_1" }).Single()["severity_id"]!.GetValue<int>().ShouldBe(4);
        Events(AuditType.GrantIssued, new JsonObject { ["grant"] = "gr_1", ["for"] = "act_2" }).Single()["severity_id"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public void Events_carry_request_position_time_source_and_the_entry_itself()
    {
        var happened = Events(AuditType.RunDrops, JsonNode.Parse("""{"drops":[{"address":"10.9.9.9","port":22,"count":7}]}""")!.AsObject()).Single();
        var metadata = happened["metadata"]!;
        metadata["correlation_uid"]!.GetValue<string>().ShouldStartWith("req_");
        metadata["uid"]!.GetValue<string>().ShouldBe("log.example/17.0");
        metadata["version"]!.GetValue<string>().ShouldBe("1.8.0");
        happened["time"]!.GetValue<long>().ShouldBe(Now.ToUnixTimeMilliseconds());
        happened["count"]!.GetValue<long>().ShouldBe(7);
        happened["dst_endpoint"]!["port"]!.GetValue<long>().ShouldBe(22);
        happened["src_endpoint"]!["ip"]!.GetValue<string>().ShouldBe("192.0.2.7");
        JsonDocument.Parse(happened["raw_data"]!.GetValue<string>()).RootElement.GetProperty("type").GetString().ShouldBe(AuditType.RunDrops);
    }

    private static JsonObject[] Variants() =>
    [
        new() { ["run"] = "run_1", ["argv"] = new JsonArray("nmap", "10.20.0.5"), ["grant"] = "gr_1", ["request"] = "req_1", ["cause"] = "deadline", ["drops"] = new JsonArray(new JsonObject { ["address"] = "::1" }) },
        new() { ["uncounted"] = 1 },
        // An entry of which somebody else wrote every field.
        new() { ["run"] = 5, ["argv"] = "nmap", ["grant"] = new JsonArray(), ["approved"] = "yes", ["drops"] = new JsonArray(1, new JsonObject()), ["uncounted"] = 2, ["exit_code"] = "0" },
    ];

    private static IReadOnlyList<JsonObject> Events(string type, JsonObject fields) => OcsfExport.Events(17, JsonDocument.Parse(
        new AuditEvent(type, new(ActorId.New(Now), "dana"), RequestId.New(Now), (JsonObject)fields.DeepClone(), "192.0.2.7").ToBytes(Now)).RootElement, Facts);

    private static List<string> Problems(JsonObject happened)
    {
        var problems = new List<string>();
        var @class = Schema.GetProperty("classes").GetProperty(happened["class_uid"]!.ToString());
        Check("event", happened, @class);
        if (!@class.GetProperty("activities").EnumerateArray().Select(activity => activity.GetInt32()).Contains(happened["activity_id"]!.GetValue<int>()))
            problems.Add("activity");
        if (happened["type_uid"]?.GetValue<int>() != (happened["class_uid"]!.GetValue<int>() * 100) + happened["activity_id"]!.GetValue<int>())
            problems.Add("type_uid");
        return problems;

        void Check(string where, JsonObject json, JsonElement rule)
        {
            problems.AddRange(rule.GetProperty("required").EnumerateArray().Select(name => name.GetString()!).Where(name => json[name] is null).Select(name => $"{where} has no {name}"));
            if (rule.GetProperty("constraints").TryGetProperty("at_least_one", out var some) && !some.EnumerateArray().Any(name => json[name.GetString()!] is not null))
                problems.Add($"{where} has none of {some}");
            foreach (var (name, value) in json)
            {
                if (value is JsonObject inner && Objects.TryGetValue(name, out var kind))
                    Check(name, inner, Schema.GetProperty("objects").GetProperty(kind));
            }
        }
    }
}
