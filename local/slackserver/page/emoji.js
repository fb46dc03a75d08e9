// Emoji shortcodes that bots use; an unknown one stays as it was written.
const table = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|no_entry ⛔|no_entry_sign 🚫|stop_sign 🛑|octagonal_sign 🛑
warning ⚠️|rotating_light 🚨|exclamation ❗|bangbang ‼️|question ❓|grey_question ❔|information_source ℹ️|bulb 💡|mag 🔍|mag_right 🔎
hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|timer_clock ⏲️|watch ⌚|clock1 🕐|clock3 🕒|clock9 🕘|calendar 📆|date 📅|spiral_calendar_pad 🗓️
arrow_forward ▶️|arrow_backward ◀️|black_right_pointing_triangle_with_double_vertical_bar ⏯️|double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️|stop_button ⏹️|fast_forward ⏩|rewind ⏪|black_right_pointing_double_triangle_with_vertical_bar ⏭️|next_track_button ⏭️|arrows_counterclockwise 🔄|arrows_clockwise 🔃|repeat 🔁|leftwards_arrow_with_hook ↩️
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_right_hook ↪️|heavy_plus_sign ➕|heavy_minus_sign ➖|heavy_multiplication_x ✖️
raised_hand ✋|hand ✋|raised_hands 🙌|wave 👋|ok_hand 👌|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|clap 👏|pray 🙏|muscle 💪|point_right 👉|point_left 👈|point_up ☝️|point_down 👇|eyes 👀|brain 🧠
fire 🔥|fire_extinguisher 🧯|boom 💥|zap ⚡|sparkles ✨|star ⭐|star2 🌟|tada 🎉|rocket 🚀|ship 🚢|construction 🚧|ambulance 🚑|fire_engine 🚒|police_car 🚓|checkered_flag 🏁|triangular_flag_on_post 🚩
lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|shield 🛡️|bell 🔔|no_bell 🔕|loudspeaker 📢|mega 📣|speech_balloon 💬|thought_balloon 💭|robot_face 🤖|ghost 👻
gear ⚙️|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|tools 🛠️|nut_and_bolt 🔩|package 📦|computer 💻|desktop_computer 🖥️|floppy_disk 💾|cloud ☁️|electric_plug 🔌|battery 🔋|satellite 🛰️|satellite_antenna 📡|link 🔗|paperclip 📎|pushpin 📌|round_pushpin 📍
memo 📝|pencil 📝|pencil2 ✏️|clipboard 📋|page_facing_up 📄|scroll 📜|books 📚|book 📖|bookmark 🔖|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|file_folder 📁|open_file_folder 📂|wastebasket 🗑️|inbox_tray 📥|outbox_tray 📤|envelope ✉️|email 📧
red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_green_square 🟩|large_yellow_square 🟨|large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|radio_button 🔘
smile 😄|smiley 😃|grin 😁|grinning 😀|joy 😂|slightly_smiling_face 🙂|wink 😉|blush 😊|thinking_face 🤔|neutral_face 😐|sweat_smile 😅|sob 😭|cry 😢|scream 😱|sunglasses 😎|partying_face 🥳|face_with_monocle 🧐|upside_down_face 🙃|hugging_face 🤗|tired_face 😫|face_palm 🤦|shrug 🤷|heart ❤️|green_heart 💚|blue_heart 💙|yellow_heart 💛|broken_heart 💔|100 💯
coffee ☕|beer 🍺|pizza 🍕|cake 🍰|seedling 🌱|evergreen_tree 🌲|sunny ☀️|umbrella ☔|snowflake ❄️|crescent_moon 🌙|earth_africa 🌍|bug 🐛|turtle 🐢|snail 🐌|unicorn_face 🦄|cat 🐱|dog 🐶|see_no_evil 🙈|recycle ♻️|infinity ♾️|soon 🔜|new 🆕|sos 🆘|ok 🆗|free 🆓|zzz 💤|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|medical_symbol ⚕️|scales ⚖️|bust_in_silhouette 👤|busts_in_silhouette 👥|technologist 🧑‍💻|female-technologist 👩‍💻|male-technologist 👨‍💻|detective 🕵️|crossed_swords ⚔️|dart 🎯|trophy 🏆|medal 🏅|gift 🎁|balloon 🎈`;

const byName = new Map(
  table.split(/[|\n]/).map((pair) => pair.trim().split(" ")).filter((pair) => pair.length === 2),
);

export const emoji = (name) => byName.get(name.replace(/::skin-tone-\d$/, ""));
