using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261127231253_Webhooks")]
    public partial class Webhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "AddressFile",
                table: "streams",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Form",
                table: "streams",
                type: "TEXT",
                nullable: false,
                defaultValue: "Ocsf");

            migrationBuilder.AddColumn<string>(
                name: "KeyFile",
                table: "streams",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Only",
                table: "streams",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<bool>(
                name: "ReachesPrivate",
                table: "streams",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "AddressFile",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "Form",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "KeyFile",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "Only",
                table: "streams");

            migrationBuilder.DropColumn(
                name: "ReachesPrivate",
                table: "streams");
        }
    }
}
