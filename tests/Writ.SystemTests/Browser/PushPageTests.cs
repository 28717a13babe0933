using System.Text.Json;
using Microsoft.Playwright;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>
/// A person turns their browser on, and it shows what comes. No push service can be reached from here, so the page's own subscription is one whose
/// keys and endpoint are the test's; what came there is handed to the worker as a push service would.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class PushPageTests(SqliteConsoleBrowser browser)
{
    [Fact]
    public async Task Browser_that_was_turned_on_shows_what_waits_and_opens_pages_of_the_server_alone()
    {
        await using var service = new PushService();
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy, settings => settings with { Push = service.Settings });
        var world = house.World;
        await using var runner = await Company.Runner(world);
        var page = await house.Open(await Company.Marek(world), "/notices");
        await page.Context.GrantPermissionsAsync(["notifications"], new() { Origin = house.Origin });
        var devtools = await page.Context.NewCDPSessionAsync(page);
        var registration = new TaskCompletionSource<string>();
        devtools.Event("ServiceWorker.workerRegistrationUpdated").OnEvent += (_, told) =>
        {
            foreach (var each in told?.GetProperty("registrations").EnumerateArray() ?? default)
                registration.TrySetResult(each.GetProperty("registrationId").GetString()!);
        };
        await devtools.SendAsync("ServiceWorker.enable");
        var subscription = JsonSerializer.Serialize(new { service.Origin, Keys = service.Browser("marek") });
        await page.EvaluateAsync("""
            told => {
              const { Origin, Keys } = JSON.parse(told);
              let on = null;
              const make = key => ({ endpoint: Keys.Endpoint, options: {}, toJSON: () => ({ endpoint: Keys.Endpoint, keys: { p256dh: Keys.P256dh, auth: Keys.Auth } }), unsubscribe: async () => { on = null; return true; } });
              PushManager.prototype.getSubscription = async () => on;
              PushManager.prototype.subscribe = async how => { window.asked = how; return on = make(how.applicationServerKey); };
            }
            """, subscription);

        // 1. It is turned on, with the key of this server, and listed.
        await page.GetByText("None: nothing is pushed to you.").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn it on" }).ClickAsync();
        await page.GetByText("You are told in your browsers, and not by mail.").WaitForAsync();
        await page.GetByText("Chrome on Linux").WaitForAsync();
        (await page.EvaluateAsync<string>("() => window.asked.applicationServerKey")).ShouldBe(service.Key);
        (await page.EvaluateAsync<bool>("() => window.asked.userVisibleOnly")).ShouldBeTrue();
        await house.LookAround(page, "notices-push");

        // 2. What waits comes to its push service, and the browser shows it.
        var request = await world.Request(await Company.Dana(world), "nmap -sT -p 22,80 10.20.1.5", duration: TimeSpan.FromMinutes(30));
        await World.Eventually(() => Task.FromResult(service.All.Count > 0), "nothing came to the push service");
        var taken = service.All[0];
        taken.Title.ShouldBe("Dana asks for nmap in staging");
        // To a worker that is not active yet nothing is delivered.
        await page.EvaluateAsync("() => navigator.serviceWorker.ready.then(registration => registration.active.state === 'activated' || new Promise(then => registration.active.addEventListener('statechange', then)))");
        await devtools.SendAsync("ServiceWorker.deliverPushMessage", new() { ["origin"] = house.Origin, ["registrationId"] = await registration.Task.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken), ["data"] = taken.Text });
        var shown = await page.EvaluateAsync<string[]>("""
            async () => {
              const registration = await navigator.serviceWorker.ready;
              for (let tries = 0; tries < 200; tries++) {
                const [shown] = await registration.getNotifications();
                if (shown) return [shown.title, shown.body, shown.data.path, shown.tag];
                await new Promise(then => setTimeout(then, 50));
              }
              return [];
            }
            """);
        shown.ShouldBe(["Dana asks for nmap in staging", "", $"/inbox/{request.Id}", taken.Tag]);

        // 3. Who follows it is at the page; whatever a message says, at no other server's.
        // Only a click of a person's lets a worker open a window: its script is told of one where nothing else is.
        var script = await (await page.Context.APIRequest.GetAsync("/push-worker.js")).TextAsync();
        var elsewhere = await page.Context.NewPageAsync();
        foreach (var (path, opened) in new[]
                 {
                     ($"/inbox/{request.Id}", $"{house.Origin}/inbox/{request.Id}"), ("https://evil.example/x", $"{house.Origin}/"), ("//evil.example/x", $"{house.Origin}/"), ("javascript:alert(1)", $"{house.Origin}/"),
                 })
        {
            (await elsewhere.EvaluateAsync<string>("""
                async ([script, origin, path]) => {
                  const heard = {};
                  let opened = null;
                  const self = { location: { origin }, addEventListener: (name, hear) => heard[name] = hear, clients: { matchAll: async () => [], openWindow: async address => { opened = address; } } };
                  new Function("self", script)(self);
                  let until;
                  heard.notificationclick({ notification: { close: () => { }, data: { path } }, waitUntil: task => { until = task; } });
                  await until;
                  return opened;
                }
                """, new[] { script, house.Origin, path })).ShouldBe(opened);
        }

        // 4. And it is turned off.
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await page.GetByText("This browser is off.").WaitForAsync();
        await page.GetByText("None: nothing is pushed to you.").WaitForAsync();
        house.Wrong.ShouldBeEmpty();
    }
}
