using System.Text.Json;
using Writ.Server.Rotas;

namespace Writ.Tests.Server.Rotas;

/// <summary>The operator's file of sources, and where in an answer the names are.</summary>
public class SourceSettingsTests
{
    [Fact]
    public void A_file_of_sources_is_read_with_what_it_leaves_out()
    {
        var source = SourceSettings.Parse("s.json", """{ "sources": [{ "name": "pager", "url": "https://on-call.example/now?team=sre" }] }""").Value.Sources.ShouldHaveSingleItem();
        (source.People, source.Every, source.Holds, source.Private, source.TokenScheme).ShouldBe(("/on_call/*", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), false, "Bearer"));
    }

    [Theory]
    [InlineData("""{ "sources": [] }""", "it names no source")]
    [InlineData("""{ }""", "malformed at $")]
    [InlineData("""{ "sources": [null] }""", "a source is null")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "token": "s3cret" }] }""", "malformed at $.sources[0].token")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "http://a.example/" }] }""", "url of a is no https address")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://s3cret:x@a.example/" }] }""", "url of a is no https address")]
    [InlineData("""{ "sources": [{ "name": "a b", "url": "https://a.example/" }] }""", "name is not")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "every_seconds": 1 }] }""", "every_seconds of a")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "every_seconds": 60, "holds_seconds": 60 }] }""", "holds_seconds of a")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "people": "on_call" }] }""", "people of a: it is no JSON pointer")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "people": "/a~2" }] }""", "people of a: it is no JSON pointer")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/", "token_scheme": "Bearer\r\nX: y" }] }""", "token_scheme of a")]
    [InlineData("""{ "sources": [{ "name": "a", "url": "https://a.example/" }, { "name": "a", "url": "https://b.example/" }] }""", "source a stands there twice")]
    public void What_is_wrong_in_it_is_told_without_a_secret(string text, string problem)
    {
        var refused = SourceSettings.Parse("s.json", text);
        refused.IsOk.ShouldBeFalse();
        refused.Refusal.Message.ShouldStartWith("s.json: " + problem);
        refused.Refusal.Message.ShouldNotContain("s3cret");
    }

    [Theory]
    [InlineData("/on_call/*", """{"on_call":["dana","erin","dana"]}""", "dana erin")]
    [InlineData("/on_call/*", """{"on_call":[],"until":1}""", "")]
    [InlineData("/oncalls/*/user/name", """{"oncalls":[{"user":{"name":"dana"}},{"user":{"name":"erin"}}]}""", "dana erin")]
    [InlineData("/data/0/name", """{"data":[{"name":"dana"},{"name":"erin"}]}""", "dana")]
    [InlineData("/*/a~1b~0c", """{"x":{"a/b~c":"dana"},"y":{"a/b~c":"erin"}}""", "dana erin")]
    [InlineData("", "\"dana\"", "dana")]
    [InlineData("/name", """{"name":"Dána O’Neil"}""", "Dána O’Neil")]
    public void Names_are_found_where_the_path_says(string path, string answer, string names) =>
        PeoplePath.Parse(path).Value.Read(JsonDocument.Parse(answer).RootElement).ShouldBe(names.Length == 0 ? [] : path == "/name" ? [names] : names.Split(' '));

    [Theory]
    [InlineData("/on_call/*", "{}", "its answer has no /on_call")]
    [InlineData("/on_call/*", """{"on_call":"dana"}""", "its answer has no /on_call/*")]
    [InlineData("/on_call/*", """{"on_call":[null]}""", "is no name")]
    [InlineData("/on_call/*", """{"on_call":[7]}""", "is no name")]
    [InlineData("/on_call/*", """{"on_call":[""]}""", "is no name")]
    [InlineData("/on_call/*", """{"on_call":["a\u0000b"]}""", "is no name")]
    [InlineData("/on_call/*", """["dana"]""", "its answer has no /on_call")]
    [InlineData("/a/*/n", """{"a":[{"n":"dana"},{}]}""", "its answer has no /a/*/n")]
    [InlineData("/a/5", """{"a":["dana"]}""", "its answer has no /a/5")]
    public void An_answer_of_another_shape_names_nobody(string path, string answer, string why) =>
        Should.Throw<IOException>(() => PeoplePath.Parse(path).Value.Read(JsonDocument.Parse(answer).RootElement)).Message.ShouldContain(why);

    [Fact]
    public void An_answer_with_very_many_names_or_a_very_long_one_is_refused()
    {
        var path = PeoplePath.Parse("/*").Value;
        Should.Throw<IOException>(() => path.Read(JsonSerializer.SerializeToElement(Enumerable.Range(0, 101).Select(number => $"u{number}")))).Message.ShouldContain("more than 100");
        Should.Throw<IOException>(() => path.Read(JsonSerializer.SerializeToElement(new[] { new string('x', 201) }))).Message.ShouldContain("is no name");
    }
}
