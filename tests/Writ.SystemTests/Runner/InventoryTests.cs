using System.Text.Json.Nodes;
using Writ.Proof.Runners;
using Writ.Runner.Runners;

namespace Writ.SystemTests.Runner;

/// <summary>What a runner says that it can execute, while its disk changes under it.</summary>
public sealed class InventoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-inventory-").FullName;

    [Fact]
    public void Script_or_library_that_changes_makes_another_inventory_until_it_is_back()
    {
        var data = Directory.CreateDirectory(Path.Combine(_folder, "share")).FullName;
        string[] files = ["scripts/banner.nse", "scripts/script.db", "nselib/http.lua", "nmap-services"];
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(data, file))!);
            File.WriteAllText(Path.Combine(data, file), $"{file} as it was");
        }

        var config = Path.Combine(_folder, "runner.json");
        var text = JsonNode.Parse(RunnerConfig.NewText("https://127.0.0.1:1", ["10.20.0.0/24"], null, []), documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        text["tools"] = new JsonArray(new JsonObject { ["name"] = "nmap", ["path"] = "/usr/bin/nmap", ["data"] = new JsonArray(data) });
        File.WriteAllText(config, text.ToJsonString());
        var said = new List<string>();
        var reader = new InventoryReader(RunnerConfig.Read(config), Path.Combine(_folder, "roots"), [Protections.Seccomp], said.Add);
        var nmap = reader.Current.Find("nmap").ShouldNotBeNull(string.Join('\n', said));
        nmap.DataSha256.ShouldNotBeNull();
        reader.DigestOf(nmap, Path.Combine(data, "scripts/banner.nse")).ShouldNotBeNull();
        var before = reader.Current.Digest();
        reader.Refresh().ShouldBeFalse();
        foreach (var file in files.Where(file => !file.EndsWith("services", StringComparison.Ordinal)))
        {
            File.WriteAllText(Path.Combine(data, file), $"{file} as it is now");
            reader.Refresh().ShouldBeTrue(file);
            reader.Current.Digest().ShouldNotBe(before, file);
            File.WriteAllText(Path.Combine(data, file), $"{file} as it was");
            reader.Refresh().ShouldBeTrue(file);
            reader.Current.Digest().ShouldBe(before, file);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
