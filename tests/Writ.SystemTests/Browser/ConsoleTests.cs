using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Writ.Core;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.WebConsole;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>People at the console, in a real browser.</summary>
public abstract class ConsoleTests(ConsoleBrowser browser)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Approver_sees_what_is_asked_as_it_comes_and_decides_with_a_passkey()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var (dana, marek, aiko) = (await Company.Dana(world), await Company.Marek(world), await Company.Aiko(world));
        await Company.Past(world, runner, dana, marek, 6);
        world.Clock.Advance(TimeSpan.FromHours(6));

        // 1. What is asked while the page is open appears by itself.
        var page = await house.Open(marek = await Company.Marek(world), "/inbox");
        await page.GetByText("Nothing waits for you.").WaitForAsync();
        var plc = await world.Request(aiko = await Company.Aiko(world), "nmap -sT -Pn -n -p 502 10.66.7.7", duration: TimeSpan.FromMinutes(10), reason: "PLC 7 silent since firmware 4.2");
        var wide = await world.Request(await Company.Dana(world), Company.Wide, duration: TimeSpan.FromMinutes(30), reason: "debug the LB timeout");
        await page.GetByText("2 waiting for you").WaitForAsync();
        await house.Look(page, "inbox-empty");
        (await world.Approve(aiko, wide, "gateways only, fine")).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromMinutes(1));

        // 2. The request as a picture.
        await page.GetByRole(AriaRole.Link, new() { Name = "debug the LB timeout" }).ClickAsync();
        await page.GetByText("12× more hosts").WaitForAsync();
        await house.Look(page, "inbox-light");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await house.Look(page, "inbox-dark");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });

        // 3. A passkey, confirmed by a second person, says yes to it.
        await ConsoleHouse.Passkey(house, page, marek);
        await page.GotoAsync($"/inbox/{wide.Id}");
        await ConsoleHouse.Live(page);
        await page.GetByText("Your passkey signs statement").WaitForAsync();
        await page.Keyboard.PressAsync("a");
        await page.GetByText("Approved by Aiko and Marek.").WaitForAsync();
        (await world.Now(wide)).State.ShouldBe(RequestState.Approved);
        (await world.Read(db => db.Decisions.AsNoTracking().SingleAsync(row => row.RequestId == wide.Id && row.ActorId == marek.Id, Cancel))).PasskeyId.ShouldNotBeNull();

        // 4. Another is denied, which needs a word; the next one is approved for less.
        await page.Keyboard.PressAsync("k");
        await page.GetByText("PLC 7 silent").First.WaitForAsync();
        await page.Locator("h1", new() { HasText = "PLC 7" }).WaitForAsync();
        await page.Keyboard.PressAsync("d");
        await page.GetByText("A no needs a comment.").WaitForAsync();
        await page.GetByLabel("Comment").FillAsync("the vendor looks at it today");
        await page.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await page.GetByText("Denied by Marek: the vendor looks at it today.").WaitForAsync();
        (await world.Now(plc)).State.ShouldBe(RequestState.Denied);

        var broad = await world.Request(await Company.Dana(world), "nmap -sT -p 22,80,443 10.20.4.0/25 10.20.112.64/26", duration: TimeSpan.FromMinutes(30), reason: "who answers");
        await page.GetByRole(AriaRole.Link, new() { Name = "who answers" }).ClickAsync();
        await page.Locator("h1", new() { HasText = "who answers" }).WaitForAsync();
        await page.Keyboard.PressAsync("n");
        await page.GetByLabel("Targets that stay, one a line").FillAsync("10.20.4.0/28");
        await page.GetByLabel("Ports that stay").FillAsync("443");
        await page.GetByLabel("Minutes, of 30").FillAsync("10");
        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = "10 minutes" }).WaitForAsync();
        await house.LookAround(page, "inbox-narrower");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make it this much" }).ClickAsync();
        await page.GetByText("16 hosts in staging").WaitForAsync();
        (await world.Now(broad)).Command.ShouldContain("10.20.4.0/28");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve", Exact = false }).First.ClickAsync();
        await page.GetByText("Approved by Marek.").WaitForAsync();
        (await world.GrantOf(broad)).NotAfter.ShouldBe(world.Clock.GetUtcNow() + TimeSpan.FromMinutes(10));

        // 5. On a phone, the list and then the request.
        var held = await world.Request(await Company.Dana(world), Company.Wide, duration: TimeSpan.FromMinutes(30), reason: "debug the LB timeout");
        var phone = await house.Open(marek, "/inbox", ColorScheme.Dark, 390, 844);
        await phone.GetByText("debug the LB timeout").First.WaitForAsync();
        await house.Look(phone, "inbox-phone-list");
        await phone.GetByRole(AriaRole.Link, new() { Name = "debug the LB timeout" }).ClickAsync();
        await phone.Locator("h1").WaitForAsync();
        await house.Look(phone, "inbox-phone");
        await phone.GetByLabel("Comment").FillAsync("not from a train");
        await phone.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await phone.GetByText("Denied by Marek: not from a train.").WaitForAsync();
        (await world.Now(held)).State.ShouldBe(RequestState.Denied);
    }

    [Fact]
    public async Task More_time_is_approved_for_less_than_was_asked()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        const string Command = "nmap -sT -p 22,80,443 10.20.4.0/28";
        var (dana, marek) = (await Company.Dana(world), await Company.Marek(world));
        var request = await world.Request(dana, Command, duration: TimeSpan.FromMinutes(10), reason: "who answers");
        (await world.Approve(marek, request)).ShouldBeOk();
        var run = (await world.Start(dana, await world.GrantOf(request), Command)).ShouldBeOk();
        runner.SayStarted(run.Id.ToString());
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Running, "the run does not begin");
        var asked = (await world.Extend(dana, run, TimeSpan.FromMinutes(15))).ShouldBeOk();

        var page = await house.Open(marek, $"/inbox/{asked.Id}");
        await page.GetByText("15 minutes more").First.WaitForAsync();
        await house.LookAround(page, "inbox-more-time");
        await page.Keyboard.PressAsync("n");
        await page.GetByText("Nothing but how much comes after it can be less.").WaitForAsync();
        (await page.GetByLabel("Targets that stay, one a line").CountAsync(), await page.GetByLabel("Uses, of 1").CountAsync()).ShouldBe((0, 0));
        foreach (var (minutes, told) in new[] { ("16", "more time than is asked for"), ("-5", "are no minutes"), ("1e3", "are no minutes"), ("0", "are no minutes"), ("15", "nothing of it is smaller") })
        {
            await page.GetByLabel("Minutes, of 15").FillAsync(minutes);
            await page.Locator("dialog").GetByText(told).Or(page.Locator("dialog").GetByText(char.ToUpperInvariant(told[0]) + told[1..])).First.WaitForAsync();
            (await page.GetByRole(AriaRole.Button, new() { Name = "Make it this much" }).IsDisabledAsync()).ShouldBeTrue(minutes);
        }

        await page.GetByLabel("Minutes, of 15").FillAsync("5");
        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = "5 minutes of 15 minutes more" }).WaitForAsync();
        await house.LookAround(page, "inbox-less-time");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make it this much" }).ClickAsync();
        await page.Locator("h1", new() { HasText = "wants 5 minutes more" }).WaitForAsync();
        (await world.Read(db => db.Requests.AsNoTracking().SingleAsync(row => row.Extends == run.Id, Cancel))).Duration.ShouldBe(TimeSpan.FromMinutes(5));
        await page.GetByText("the run lasts 5 min longer").WaitForAsync();
        await page.Keyboard.PressAsync("a");
        await page.GetByText("Approved by Marek.").WaitForAsync();
        (await world.Now(await world.GrantOf(request))).NotAfter.ShouldBe(run.Deadline.AddMinutes(5));
    }

    private static readonly string OnCall = Company.Policy.Replace("denials:\n", """
          - id: plant-on-call
            roles: [developer]
            zones: [plant]
            tools: { nmap: { techniques: [ping, connect], ports: "1-10000", max-hosts: 16 } }
            max-uses: 2
            break-glass: true
        denials:

        """, StringComparison.Ordinal);

    [Fact]
    public async Task Glass_is_broken_in_an_emergency_and_nothing_else_is_asked_before_its_review()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, OnCall);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var page = await house.Open(await Company.Dana(world), "/ask");

        // It is offered where it would open something, and is taken back by a word.
        await page.GetByLabel("Command").FillAsync("nmap -sT -p 80 10.20.4.1");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Give a reason" }).WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Break the glass" }).CountAsync()).ShouldBe(0);
        await page.GetByLabel("Command").FillAsync("nmap -sT -Pn -n -p 502 10.66.7.7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Break the glass…" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Give a reason" }).WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Break the glass", Exact = true }).First.IsEnabledAsync()).ShouldBeFalse();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave the glass whole" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask", Exact = true }).First.WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Break the glass…" }).ClickAsync();
        await page.GetByLabel("Why").FillAsync("pumps are down, INC-4711");
        await page.GetByRole(AriaRole.Heading, new() { Name = "You break the glass." }).WaitForAsync();
        await page.GetByText("Until plant-owner for zone plant has reviewed it, you are given nothing further.").WaitForAsync();
        await house.LookAround(page, "glass-ask");
        (await world.Read(db => db.Glass.CountAsync(Cancel))).ShouldBe(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Break the glass", Exact = true }).First.ClickAsync();
        await ConsoleHouse.At(page, "/inbox/req_");
        await page.GetByText("! break-glass, not reviewed").WaitForAsync();
        (await world.Read(db => db.Requests.AsNoTracking().SingleAsync(Cancel))).ShouldSatisfyAllConditions(
            row => row.BreakGlass.ShouldBeTrue(), row => row.State.ShouldBe(RequestState.Approved), row => row.Reason.ShouldBe("pumps are down, INC-4711"));

        // What policy would allow or have approved is not asked before the review, and says why.
        await page.GotoAsync("/ask?c=nmap%20-sT%20-p%2080%2010.20.4.1&why=the%20same");
        await page.GetByRole(AriaRole.Heading, new() { Name = "A review comes first" }).WaitForAsync();
        await page.GetByText("broke the glass and is given nothing further").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Ask", Exact = true }).First.IsEnabledAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Broken_glass_is_marked_everywhere_and_reviewed_by_its_owner()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, OnCall);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var (dana, aiko) = (await Company.Dana(world), await Company.Aiko(world));

        // 1. It appears at the owner's page by itself, as what waits for her.
        var page = await house.Open(aiko, "/inbox");
        await page.GetByText("Nothing waits for you.").WaitForAsync();
        var (asked, _) = (await world.Get<Ask>().Create(dana, new("nmap -sT -Pn -n -p 502 10.66.7.7".Split(' '), "pumps are down, INC-4711", Uses: 2, BreakGlass: true), null, Cancel)).ShouldBeOk();
        var grant = await world.GrantOf(asked);
        var run = await world.Get<StartRun>().Start(dana, new("nmap -sT -Pn -n -p 502 10.66.7.7".Split(' '), grant.Id.ToString(), Detach: true), null);
        await page.GetByText("Break-glass, not reviewed").WaitForAsync();
        await page.GetByText("you review").WaitForAsync();
        await page.GetByText("1 waiting for you").WaitForAsync();

        // 2. Its requester sees it too, and reviews nothing; the run and the timeline are marked.
        var theirs = await house.Open(dana, $"/inbox/{asked.Id}");
        await theirs.GetByText("! break-glass, not reviewed").WaitForAsync();
        await theirs.GetByText("It waits for a review by plant-owner for zone plant").WaitForAsync();
        (await theirs.GetByRole(AriaRole.Button, new() { Name = "Justified" }).CountAsync()).ShouldBe(0);
        await theirs.GotoAsync($"/runs/{run.ShouldBeOk().Id}");
        await ConsoleHouse.Live(theirs);
        await theirs.GetByText("! break-glass, not reviewed").WaitForAsync();
        await theirs.GetByText("nobody was asked").WaitForAsync();
        await house.LookAround(theirs, "glass-run");
        await theirs.GotoAsync("/history");
        await ConsoleHouse.Live(theirs);
        await theirs.GetByText("! break-glass, not reviewed").First.WaitForAsync();
        await house.LookAround(theirs, "glass-history");

        // 3. The owner reviews it, which needs a word.
        await page.GetByRole(AriaRole.Link, new() { Name = "pumps are down" }).ClickAsync();
        await page.GetByText("Nobody was asked first.").WaitForAsync();
        await house.LookAround(page, "glass-review");
        await page.GetByRole(AriaRole.Button, new() { Name = "Justified", Exact = true }).ClickAsync();
        await page.GetByText("A review says what was found").WaitForAsync();
        await page.GetByLabel("What you found").FillAsync("line 3 stood still, see INC-4711");
        await page.GetByRole(AriaRole.Button, new() { Name = "Justified", Exact = true }).ClickAsync();
        await page.GetByText("! break-glass, reviewed").WaitForAsync();
        await page.GetByText("line 3 stood still, see INC-4711").WaitForAsync();
        await page.GetByText("Nothing. What is asked appears here by itself.").WaitForAsync();
        await house.LookAround(page, "glass-reviewed");
        (await world.Read(db => db.Glass.AsNoTracking().SingleAsync(Cancel))).ShouldSatisfyAllConditions(row => row.ReviewedBy.ShouldBe(aiko.Id), row => row.Justified.ShouldBe(true));
    }

    [Fact]
    public async Task Requester_who_knows_no_options_asks_with_a_form_and_sees_the_answer_while_typing()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var page = await house.Open(await Company.Dana(world), "/ask");
        await page.GetByText("What do you want to find out?").WaitForAsync();
        await page.GetByLabel("Targets").FillAsync("web1.staging, 10.20.4.0/28");
        await page.GetByLabel("and which service in which version").CheckAsync();
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Ports" }).SelectOptionAsync("those of web servers");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Give a reason" }).WaitForAsync();
        (await page.GetByLabel("Command").InputValueAsync()).ShouldBe("nmap -sT -sV -p 80,443,8000,8080,8443 web1.staging 10.20.4.0/28");
        await page.GetByLabel("Why").FillAsync("is the new balancer there");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Needs a yes of 1 security-engineer for staging." }).WaitForAsync();
        await house.LookAround(page, "ask");

        // Denied is what is denied, with the way on; what cannot be read is told, and is nothing on the record.
        var entries = await world.Read(db => db.AuditEntries.CountAsync(Cancel));
        await page.GetByLabel("Command").FillAsync("nmap -sT -p 1-65535 10.20.4.0/28");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Policy denies this." }).WaitForAsync();
        await page.GetByText("1-10000").First.WaitForAsync();
        await page.GetByLabel("Command").FillAsync("nmap --frobnicate 10.20.4.1");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Not a command yet." }).WaitForAsync();
        (await world.Read(db => db.AuditEntries.CountAsync(Cancel))).ShouldBe(entries);

        await page.GetByLabel("Command").FillAsync("nmap -sT -p 80,443 10.20.4.0/28");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Needs a yes" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).First.ClickAsync();
        await ConsoleHouse.At(page, "/inbox/req_");
        await page.GetByText("Yours. It waits for 1 more of security-engineer for zone staging.").WaitForAsync();
        var asked = await world.Read(db => db.Requests.AsNoTracking().SingleAsync(Cancel));
        (await world.Approve(await Company.Marek(world), asked)).ShouldBeOk();
        await page.GetByText("Approved by Marek.").WaitForAsync();

        // A link brings its command along.
        await page.GotoAsync("/ask?c=nmap%20-sT%20-p%2080%2010.20.4.1&why=look");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Needs a yes" }).WaitForAsync();

        // A template that is opened to them is a form of its own.
        (await world.Get<ApplyPolicy>().Apply(await world.Admin("operator"), new(Files: [new("policy.yaml", WithTemplate), new("web-check.yaml", WebCheck)]), Cancel)).ShouldBeOk();
        await page.GotoAsync("/ask");
        await ConsoleHouse.Live(page);
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Template" }).SelectOptionAsync("web-check");
        await page.GetByLabel("host", new() { Exact = true }).FillAsync("10.66.7.7");
        await page.GetByText("where the template does not reach").WaitForAsync();
        await page.GetByLabel("host", new() { Exact = true }).FillAsync("10.20.4.1");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Needs a yes of 1 security-engineer for staging." }).WaitForAsync();
        (await page.GetByLabel("Command").InputValueAsync()).ShouldBe("@web-check host=10.20.4.1");
        await house.LookAround(page, "ask-template");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).First.ClickAsync();
        await ConsoleHouse.At(page, "/inbox/req_");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Template" }).WaitForAsync();
        await page.GetByText("ports=80").WaitForAsync();
        house.Wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_happens_while_a_page_comes_alive_is_on_it()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var dana = await Company.Dana(world);
        var asked = await world.Request(dana, "nmap -sT -p 80 10.20.4.1", duration: TimeSpan.FromMinutes(10));
        // Somebody else's page is open: what happens is read all the while.
        await house.Open(await world.Admin("Ada"), "/fleet");
        var page = await house.Open(dana, "/inbox");
        var alive = new TaskCompletionSource();
        await page.RouteAsync("**/*blazor.web*", async route =>
        {
            await alive.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync($"/inbox/{asked.Id}", new() { WaitUntil = WaitUntilState.Commit });
        await page.GetByText("Yours. It waits for").WaitForAsync();
        (await world.Approve(await Company.Marek(world), asked)).ShouldBeOk();
        // The feed has passed it by before the page listens.
        var size = await world.Read(db => db.AuditEntries.CountAsync(Cancel));
        await World.Eventually(() => Task.FromResult(world.Get<Feed>().Size >= size), "the feed stands still");
        alive.SetResult();
        await page.GetByText("Approved by Marek.").WaitForAsync();
        house.Wrong.ShouldBeEmpty();
    }

    private static readonly string WithTemplate = Company.Policy.Replace("rules:\n",
        "rules:\n  - { id: developers-check, roles: [developer], zones: [staging], templates: [web-check], approval: { from: [security-engineer], count: 1 } }\n", StringComparison.Ordinal);

    private const string WebCheck = """
        version: 1
        template: web-check
        description: is the web server up
        command: [nmap, -sT, -Pn, -n, -p, "{ports}", "{host}"]
        parameters:
          host: { value: host, zones: [staging], means: the host to look at }
          ports: { value: choice, of: ["80", "443"], default: "80" }
        reason: is it up

        """;

    [Fact]
    public async Task Policy_is_read_tried_out_changed_and_held_against_what_was_asked_before()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        await Company.Past(world, runner, await Company.Dana(world), await Company.Marek(world), 3);
        await world.Request(await Company.Dana(world), "nmap -sT -Pn -n -p 22 10.20.3.0/28", duration: TimeSpan.FromMinutes(30));
        var page = await house.Open(await world.Admin("Ada"), "/policy");
        await page.GetByText("asked 4×").WaitForAsync();

        // 1. Somebody else, another time.
        await page.GetByLabel("Who").FillAsync("Dana");
        await page.GetByRole(AriaRole.Form, new() { Name = "Try it out" }).GetByLabel("Command").FillAsync("nmap -sT -p 22,80 10.20.4.0/28");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try" }).ClickAsync();
        await page.GetByText("Needs a yes of 1 security-engineer for staging.").WaitForAsync();
        await house.LookAround(page, "policy");

        // 2. Another text is checked before it can be applied, and tells what it would have changed.
        await page.GetByRole(AriaRole.Button, new() { Name = "edit" }).ClickAsync();
        var editor = page.GetByLabel("Policy", new() { Exact = true });
        await editor.FillAsync(Company.Policy.Replace("version: 1", "version: 7", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        await page.GetByText("line 1:").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).IsDisabledAsync()).ShouldBeTrue();
        await editor.FillAsync(Company.Policy.Replace("max-hosts: 256", "max-hosts: 4", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        await page.GetByText("valid, 1 test passed").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Hold it against what was asked before" }).ClickAsync();
        await page.GetByText("4 of the last 4 requests would have come out otherwise").WaitForAsync();
        await house.LookAround(page, "policy-edit");
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        await page.GetByText("revision 2").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "difference" }).ClickAsync();
        await page.GetByRole(AriaRole.Table, new() { Name = "Difference" }).GetByText("max-hosts: 4").WaitForAsync();
        await house.LookAround(page, "policy-difference");
        (await world.Read(db => db.Policies.CountAsync(Cancel))).ShouldBe(2);
    }

    [Fact]
    public async Task Admin_sees_the_fleet_enrols_a_runner_and_ends_what_somebody_holds()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var pending = await world.Request(await Company.Dana(world), duration: TimeSpan.FromMinutes(30));
        var ada = await world.Admin("Ada");
        var page = await house.Open(ada, "/fleet");
        await page.GetByText("All 2 runners are connected.").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Enrol a runner" }).ClickAsync();
        await page.GetByLabel("What the runner is called").FillAsync("berlin-1");
        await page.GetByLabel("What it may ever reach").FillAsync("10.20.0.0/16");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a line for it" }).ClickAsync();
        await page.GetByText("writ-runner enroll --server").WaitForAsync();
        await house.LookAround(page, "fleet");

        await page.GetByRole(AriaRole.Link, new() { Name = "People" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Dana" }).ClickAsync();
        await page.GetByText("is developer.").WaitForAsync();
        await house.LookAround(page, "people");
        await page.GetByLabel("Reason").FillAsync("left the company");
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await page.GetByText("Disabled: 1 request, 0 grants and 0 live runs ended.").WaitForAsync();
        (await world.Now(pending)).State.ShouldBe(RequestState.Cancelled);
        house.Wrong.ShouldBeEmpty();

        // Who may not, sees neither the way there nor anything there.
        var other = await house.Open(await Company.Marek(world), "/people");
        await other.GetByText("Only auditors and admins see this.").WaitForAsync();
        (await other.GetByRole(AriaRole.Navigation, new() { Name = "Console" }).GetByText("People").CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Keyboard_alone_leads_to_every_page_and_through_all_that_is_on_it()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        await world.Request(await Company.Dana(world), duration: TimeSpan.FromMinutes(30), reason: "debug the LB timeout");
        var page = await house.Open(await world.Admin("Ada"), "/inbox");
        foreach (var (name, path, own) in new[]
        {
            ("Ask", "/ask", ".asking form"), ("Policy", "/policy", ".policy h1"), ("Fleet", "/fleet", ".fleet h1"), ("Peo", "/people", "h2:has-text('People and workloads')"), ("Set", "/start", ".start h1"), ("Ser", "/series", "h2:has-text('Series')"), ("How", "/notices", ".notices h1"),
            ("LB time", "/inbox/req_", "h1#s"),
        })
        {
            // 1. Ctrl-K finds it by its first letters, also where Enter comes before the list does.
            await page.Keyboard.PressAsync("Control+k");
            await page.Locator("#palette input").FillAsync(name);
            if (path == "/ask")
            {
                await World.Eventually(async () => await page.Locator("#palette li").CountAsync() == 1, $"'{name}' is one page");
                await house.Look(page, "palette");
            }

            await page.Keyboard.PressAsync("Enter");
            await ConsoleHouse.At(page, path);
            await page.Locator(own).First.WaitForAsync();

            // 2. Tab leads through all that can be used, and shows where it is.
            (await Unreached(page)).ShouldBeEmpty(path);
        }

        house.Wrong.ShouldBeEmpty();
    }

    /// <summary>What can be used with a mouse and is not come to with Tab, or does not show that it was.</summary>
    private static async Task<string[]> Unreached(IPage page)
    {
        await page.EvaluateAsync("() => { document.activeElement?.blur(); getSelection().removeAllRanges(); window.come = new Set(); window.unshown = []; document.querySelector('[data-skip]').focus(); }");
        for (var presses = 0; presses < 150; presses++)
        {
            var again = await page.EvaluateAsync<bool>("""
                () => {
                  const at = document.activeElement;
                  // A field of a date has more than one stop.
                  if (at === document.body || come.has(at)) return come.size > 1 && (at === document.body || at.matches('[data-skip]'));
                  come.add(at);
                  const look = getComputedStyle(at);
                  if (look.outlineStyle === 'none' || parseFloat(look.outlineWidth) < 1) unshown.push('unshown: ' + at.outerHTML.slice(0, 120));
                  return false;
                }
                """);
            if (again)
                break;
            await page.Keyboard.PressAsync("Tab");
        }

        return await page.EvaluateAsync<string[]>("""
            () => [...unshown, ...[...document.querySelectorAll('a[href],button,input,select,textarea,summary')]
              .filter(each => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex >= 0 && !each.disabled && !each.closest('[aria-hidden=true],dialog:not([open])') && !(each.type === 'radio' && !each.checked) && !come.has(each))
              .map(each => 'unreached: ' + each.outerHTML.slice(0, 120))]
            """);
    }

    [Fact]
    public async Task Ended_session_takes_its_open_page_along_within_a_second()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var marek = await Company.Marek(house.World);
        var page = await house.Open(marek, "/inbox");
        await page.GetByText("Nothing waits for you.").WaitForAsync();
        house.World.Get<Writ.Server.WebConsole.OpenPages>().Count.ShouldBe(1);
        await house.World.Writes.Commit<bool>(async scope =>
        {
            await Writ.Server.Identity.EndSignIns.Of(scope, marek.Id);
            scope.Record(new(Writ.Core.Audit.AuditType.SignInEnded, marek.Audit, null, [], null));
            return true;
        });
        var began = TimeProvider.System.GetTimestamp();
        await ConsoleHouse.At(page, "/signin?return=");
        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        await World.Eventually(() => Task.FromResult(house.World.Get<Writ.Server.WebConsole.OpenPages>().Count == 0), "the connection is cut");
    }

    [Fact]
    public async Task Hostile_words_of_a_requester_are_shown_and_do_nothing()
    {
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var world = house.World;
        await using var runner = await Company.Runner(world);
        await world.Request(await Company.Dana(world), "nmap -sT -p 22 10.20.4.1", duration: TimeSpan.FromMinutes(30), reason: "<img src=x onerror=document.title='owned'><script>document.title='owned'</script> \u202eevil\u0007 {{7*7}}");
        var page = await house.Open(await Company.Marek(world), "/inbox");
        await page.GetByRole(AriaRole.Link, new() { Name = "onerror" }).ClickAsync();
        var sentence = page.Locator("h1");
        await sentence.WaitForAsync();
        (await sentence.InnerTextAsync()).ShouldContain("<script>document.title='owned'</script> \\u202eevil\\x07 {{7*7}}");
        (await page.TitleAsync()).ShouldNotContain("owned");
        (await page.Locator("main img, main script").CountAsync()).ShouldBe(0);
        await house.Look(page, "hostile");
    }

    [Collection(BrowserCollection.Name)]
    public sealed class OnSqlite(SqliteConsoleBrowser browser) : ConsoleTests(browser);

    [Collection(BrowserOnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresConsoleBrowser browser) : ConsoleTests(browser);
}
